#include "larder/acl/refusal_log.h"

#include <gtest/gtest.h>

#include "larder/memory/ledger.h"

namespace larder::acl {
namespace {

Refusal refusal(std::string_view object, std::string_view user = "bob") {
  return {.reason = Reason::key,
          .occasion = engine::CommandContext::top_level,
          .object = object,
          .user = user,
          .client = "id=1"};
}

TEST(RefusalLog, CountsEqualDenialsOfAMinuteInOneEntry) {
  RefusalLog log;
  log.add(refusal("a"), 1000, 10);
  log.add(refusal("b"), 2000, 10);
  log.add(refusal("a"), 61'000, 10);
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log.newest()->object, "a");
  EXPECT_EQ(log.newest()->count, 2u);
  EXPECT_EQ(log.newest()->id, 0u);
  EXPECT_EQ(log.newest()->created_ms, 1000);
  EXPECT_EQ(log.newest()->updated_ms, 61'000);
  log.add(refusal("a"), 121'001, 10);
  EXPECT_EQ(log.size(), 3u);
  log.add(refusal("a", "alice"), 121'001, 10);
  EXPECT_EQ(log.size(), 4u);
}

TEST(RefusalLog, SearchesOnlyTheNewestEntriesForAnEqualOne) {
  RefusalLog log;
  for (char c = 'a'; c <= 'k'; ++c) log.add(refusal({&c, 1}), 0, 100);
  log.add(refusal("a"), 0, 100);
  EXPECT_EQ(log.size(), 12u);
  log.add(refusal("c"), 0, 100);
  EXPECT_EQ(log.size(), 12u);
}

TEST(RefusalLog, DropsTheOldestEntriesAboveItsLimit) {
  const auto before = memory::balance(kOwner);
  {
    RefusalLog log;
    const std::string long_text(1 << 20, 'x');
    for (int i = 0; i < 100; ++i) log.add(refusal(std::to_string(i) + long_text), i, 5);
    EXPECT_EQ(log.size(), 5u);
    EXPECT_LT(log.held_bytes(), 5 * 3 * RefusalLog::kLongestText);
    EXPECT_EQ(memory::balance(kOwner) - before, static_cast<std::int64_t>(log.held_bytes()));
    log.add(refusal("x"), 100, 0);
    EXPECT_EQ(log.size(), 0u);
  }
  EXPECT_EQ(memory::balance(kOwner), before);
}

TEST(RefusalLog, IsBoundedInBytesForAnyMaximumLength) {
  const auto before = memory::balance(kOwner);
  RefusalLog log;
  const std::string long_text(RefusalLog::kLongestText, 'x');
  for (int i = 0; i < 2000; ++i) {
    log.add(refusal(std::to_string(i) + long_text, long_text), i, 1'000'000);
    ASSERT_LE(log.held_bytes(), RefusalLog::kMostBytes);
  }
  EXPECT_EQ(log.newest()->id, 1999u);
  EXPECT_GT(log.size(), 300u);
  EXPECT_LT(log.size(), 600u);
  EXPECT_EQ(memory::balance(kOwner) - before, static_cast<std::int64_t>(log.held_bytes()));
}

// The entry of a repeated refusal stores the latest client, which may be longer than the one
// before.
TEST(RefusalLog, CountsTheBytesOfAnEntryThatGrows) {
  const auto before = memory::balance(kOwner);
  RefusalLog log;
  log.add(refusal("a"), 1000, 10);
  Refusal longer = refusal("a");
  const std::string client(3000, 'c');
  longer.client = client;
  log.add(longer, 1001, 10);
  EXPECT_EQ(log.size(), 1u);
  EXPECT_EQ(memory::balance(kOwner) - before, static_cast<std::int64_t>(log.held_bytes()));
}

}  // namespace
}  // namespace larder::acl
