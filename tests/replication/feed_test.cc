#include "larder/replication/feed.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace larder::replication {
namespace {

std::string everything(const Backlog& backlog) {
  std::string text;
  for (std::int64_t at = backlog.first(); at < backlog.end();) {
    const std::string_view part = backlog.at(at);
    text += part;
    at += static_cast<std::int64_t>(part.size());
  }
  return text;
}

class FeedTest : public testing::Test, protected FeedListener {
 protected:
  FeedTest() { feed_.listen(*this); }
  void stream_grew() override { ++grown_; }
  void stream_restarted() override { ++restarted_; }

  void effect(int db, std::string_view request) {
    feed_.take({db, engine::Reach::everybody, request});
  }

  engine::Propagation effects_;
  History history_;
  Backlog backlog_;
  Feed feed_{effects_, history_, backlog_};
  int grown_ = 0;
  int restarted_ = 0;
};

TEST_F(FeedTest, IsRegisteredOnlyWhileItIsOpenAndThisServerWrites) {
  EXPECT_FALSE(effects_.listened());
  feed_.open();
  EXPECT_TRUE(effects_.listened());
  feed_.take_from(Feed::Source::primary);
  EXPECT_FALSE(effects_.listened());
  feed_.take_from(Feed::Source::own_effects);
  EXPECT_TRUE(effects_.listened());
  feed_.close();
  EXPECT_FALSE(effects_.listened());
}

TEST_F(FeedTest, SelectsADatabaseBeforeTheFirstEffectInIt) {
  feed_.open();
  effect(0, "a");
  effect(0, "b");
  effect(12, "c");
  feed_.select_anew();
  effect(12, "d");
  EXPECT_EQ(everything(backlog_),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\nab*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\nc"
            "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\nd");
  EXPECT_EQ(history_.offset(), static_cast<std::int64_t>(backlog_.size()));
}

TEST_F(FeedTest, TellsOfItsGrowthOnceATurn) {
  feed_.open();
  effect(0, "a");
  effect(0, "b");
  EXPECT_EQ(grown_, 0);
  feed_.flush();
  feed_.flush();
  EXPECT_EQ(grown_, 1);
}

TEST_F(FeedTest, AsksForOffsetsOnceAtTheEndOfTheTurn) {
  feed_.ask_for_offsets();
  feed_.open();
  feed_.flush();
  EXPECT_EQ(backlog_.size(), 0u);
  feed_.ask_for_offsets();
  feed_.ask_for_offsets();
  feed_.flush();
  EXPECT_EQ(everything(backlog_), "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
}

TEST_F(FeedTest, ForwardsBytesUnchanged) {
  feed_.take_from(Feed::Source::primary);
  history_.adopt(std::string(40, 'd'), 1000);
  feed_.open();
  feed_.forward("half a req");
  feed_.forward("uest");
  EXPECT_EQ(backlog_.first(), 1001);
  EXPECT_EQ(everything(backlog_), "half a request");
  EXPECT_EQ(history_.offset(), 1014);
}

TEST_F(FeedTest, ARestartDropsWhatWasKept) {
  feed_.open();
  effect(0, "abc");
  history_.adopt(std::string(40, 'e'), 500);
  feed_.restart();
  EXPECT_EQ(restarted_, 1);
  EXPECT_EQ(backlog_.size(), 0u);
  EXPECT_EQ(backlog_.first(), 501);
}

TEST(Backlog, HasTheBytesOfEveryOffsetThatItKeeps) {
  std::mt19937 random(1);
  Backlog backlog;
  backlog.clear(77);
  std::string all;
  std::int64_t first = 77;
  for (int round = 0; round < 400; ++round) {
    const std::string bytes(random() % 9000, static_cast<char>('a' + round % 26));
    backlog.append(bytes);
    all += bytes;
    while (backlog.size() > 300'000 && backlog.has_whole_chunk()) {
      backlog.keep_for_replicas(random() % 3);
      backlog.drop_chunk();
      first += static_cast<std::int64_t>(Backlog::kChunkBytes);
    }
    ASSERT_EQ(backlog.first(), first);
    ASSERT_EQ(backlog.end(), 77 + static_cast<std::int64_t>(all.size()));
    if (backlog.size() == 0) continue;
    const std::int64_t at = first + static_cast<std::int64_t>(random() % backlog.size());
    const std::string_view part = backlog.at(at);
    ASSERT_FALSE(part.empty());
    ASSERT_EQ(part, std::string_view(all).substr(static_cast<std::size_t>(at - 77), part.size()));
  }
  EXPECT_EQ(everything(backlog), all.substr(static_cast<std::size_t>(first - 77)));
}

TEST(Backlog, IsChargedToItsOwners) {
  const std::int64_t before = memory::balance(memory::Owner::backlog);
  const std::int64_t before_replicas = memory::balance(memory::Owner::replicas);
  {
    Backlog backlog;
    backlog.append(std::string(5 * Backlog::kChunkBytes, 'x'));
    backlog.keep_for_replicas(2);
    EXPECT_EQ(memory::balance(memory::Owner::replicas) - before_replicas,
              static_cast<std::int64_t>(2 * Backlog::kChunkBytes));
    char* const taken = backlog.take_chunk();
    EXPECT_EQ(memory::balance(memory::Owner::replicas) - before_replicas,
              static_cast<std::int64_t>(2 * Backlog::kChunkBytes));
    memory::release(memory::Owner::replicas, taken, Backlog::kChunkBytes);
  }
  EXPECT_EQ(memory::balance(memory::Owner::backlog), before);
  EXPECT_EQ(memory::balance(memory::Owner::replicas), before_replicas);
}

}  // namespace
}  // namespace larder::replication
