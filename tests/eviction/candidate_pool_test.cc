#include "larder/eviction/candidate_pool.h"

#include <gtest/gtest.h>

namespace larder::eviction {
namespace {

constexpr std::size_t kMost = CandidatePool::kMost;

Candidate candidate(std::int64_t score) {
  return {score, static_cast<std::uint64_t>(score) * 1000, 0};
}

TEST(CandidatePool, ReturnsTheBestFirst) {
  CandidatePool pool;
  for (const std::int64_t score : {5, 9, 1, 7}) pool.offer(candidate(score));
  for (const std::int64_t score : {9, 7, 5, 1}) {
    EXPECT_EQ(pool.best().score, score);
    EXPECT_EQ(pool.best().hash, static_cast<std::uint64_t>(score) * 1000);
    pool.drop_best();
  }
  EXPECT_TRUE(pool.empty());
}

TEST(CandidatePool, ReplacesTheWorstWhenFull) {
  CandidatePool pool;
  for (std::size_t i = 0; i < kMost; ++i) pool.offer(candidate(static_cast<std::int64_t>(i) + 10));
  EXPECT_FALSE(pool.would_take(10));
  pool.offer(candidate(3));
  EXPECT_TRUE(pool.would_take(11));
  pool.offer(candidate(1000));
  EXPECT_EQ(pool.size(), kMost);
  EXPECT_EQ(pool.best().score, 1000);
  std::int64_t worst = 0;
  for (; !pool.empty(); pool.drop_best()) worst = pool.best().score;
  EXPECT_EQ(worst, 11);
}

TEST(CandidatePool, HoldsAKeyOnceWithItsLatestScore) {
  CandidatePool pool;
  pool.offer({5, 77, 0});
  pool.offer({6, 78, 0});
  pool.offer({9, 77, 0});
  EXPECT_EQ(pool.size(), 2u);
  EXPECT_EQ(pool.best().hash, 77u);
  EXPECT_EQ(pool.best().score, 9);
}

TEST(CandidatePool, DistinguishesDatabases) {
  CandidatePool pool;
  pool.offer({5, 77, 0});
  pool.offer({5, 77, 1});
  EXPECT_EQ(pool.size(), 2u);
}

TEST(CandidatePool, KeepsItsOrderForRandomOffers) {
  CandidatePool pool;
  std::uint64_t state = 1;
  for (int i = 0; i < 10'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    pool.offer({static_cast<std::int64_t>(state >> 50), state >> 56, 0});
    ASSERT_LE(pool.size(), kMost);
    if (i % 97 == 0) pool.drop_best();
  }
  for (std::int64_t last = pool.best().score; !pool.empty(); pool.drop_best()) {
    ASSERT_LE(pool.best().score, last);
    last = pool.best().score;
  }
}

}  // namespace
}  // namespace larder::eviction
