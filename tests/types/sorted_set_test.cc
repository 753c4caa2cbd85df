#include "larder/types/sorted_set.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

using memory::Owner;
constexpr SortedSet::Limits kSmall{128, 64};
constexpr SortedSet::Limits kNone{0, 0};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Outcome = SortedSet::Outcome;
using Items = std::vector<std::pair<std::string, double>>;

class SortedSetTest : public testing::TestWithParam<SortedSet::Limits> {
 protected:
  void TearDown() override {
    check_footprint();
    set.destroy();
    EXPECT_EQ(memory::balance(Owner::sorted_sets), before);
  }
  void check_footprint() {
    EXPECT_EQ(memory::balance(Owner::sorted_sets),
              before + static_cast<std::int64_t>(row(Type::sorted_set).footprint(set.storage())));
  }

  SortedSet::Put put(std::string_view member, double score, SortedSet::Rule rule = {}) {
    return set.put(member, score, rule, GetParam());
  }
  Items items() const {
    Items found;
    String::Scratch scratch;
    for (auto at = set.at(0); at; at.next()) {
      found.emplace_back(at.member().text(scratch), at.score());
    }
    return found;
  }
  std::vector<std::string> backwards() const {
    std::vector<std::string> found;
    String::Scratch scratch;
    if (set.empty()) return found;
    for (auto at = set.at(set.size() - 1); at; at.previous()) {
      found.emplace_back(at.member().text(scratch));
    }
    return found;
  }

  std::int64_t before = memory::balance(Owner::sorted_sets);
  SortedSet set{nullptr};
};

INSTANTIATE_TEST_SUITE_P(Encodings, SortedSetTest, testing::Values(kSmall, kNone),
                         [](const auto& encoding) {
                           return encoding.param.entries == 0 ? "Skiplist" : "Listpack";
                         });

TEST_P(SortedSetTest, OrdersByScoreThenBytes) {
  put("b", 2);
  put("a", 2);
  put("10", 2);
  put("z", -1.5);
  put("y", kInfinity);
  put("x", -kInfinity);
  const Items expected = {{"x", -kInfinity}, {"z", -1.5}, {"10", 2},
                          {"a", 2},          {"b", 2},    {"y", kInfinity}};
  EXPECT_EQ(items(), expected);
  EXPECT_EQ(backwards(), (std::vector<std::string>{"y", "b", "a", "10", "z", "x"}));
  EXPECT_EQ(set.score("z"), -1.5);
  EXPECT_EQ(set.score("none"), std::nullopt);
  EXPECT_EQ(set.rank("10")->rank, 2u);
  EXPECT_EQ(set.rank("y")->rank, 5u);
  EXPECT_FALSE(set.rank("none"));
}

TEST_P(SortedSetTest, ObeysTheConditionsOfAPut) {
  EXPECT_EQ(put("a", 1, {.only_known = true}).outcome, Outcome::refused);
  EXPECT_EQ(put("a", 1, {.only_greater = true}).outcome, Outcome::added);
  EXPECT_EQ(put("a", 2, {.only_new = true}).outcome, Outcome::refused);
  EXPECT_EQ(put("a", 0.5, {.only_greater = true}).outcome, Outcome::refused);
  EXPECT_EQ(put("a", 1.5, {.only_greater = true}).outcome, Outcome::updated);
  EXPECT_EQ(put("a", 1.5).outcome, Outcome::unchanged);
  EXPECT_EQ(put("a", 2, {.only_less = true}).outcome, Outcome::refused);
  EXPECT_EQ(put("a", 2, {.adds = true}).score, 3.5);
  put("a", kInfinity);
  EXPECT_EQ(put("a", -kInfinity, {.adds = true}).outcome, Outcome::not_a_number);
  EXPECT_EQ(set.score("a"), kInfinity);
}

TEST_P(SortedSetTest, ConvertsScoreRangesToRanks) {
  for (int i = 0; i < 20; ++i) put("m" + std::to_string(10 + i), i / 2);
  const auto by_score = [this](ScoreRange range) {
    const RankRange ranks = set.ranks(range);
    return std::pair(ranks.first, ranks.size());
  };
  EXPECT_EQ(by_score({.least = 2, .most = 4}), std::pair(std::size_t{4}, std::size_t{6}));
  EXPECT_EQ(by_score({.least = 2, .most = 4, .without_least = true, .without_most = true}),
            std::pair(std::size_t{6}, std::size_t{2}));
  EXPECT_EQ(by_score({.least = -kInfinity, .most = kInfinity}).second, 20u);
  EXPECT_EQ(by_score({.least = 5, .most = 3}).second, 0u);
}

TEST_P(SortedSetTest, ConvertsTextRangesToRanks) {
  for (const char* member : {"a", "b", "c", "d", "e"}) put(member, 0);
  using Kind = TextBound::Kind;
  const auto count = [this](TextBound least, TextBound most) {
    return set.ranks(TextRange{least, most}).size();
  };
  EXPECT_EQ(count({}, {Kind::highest}), 5u);
  EXPECT_EQ(count({Kind::including, "b"}, {Kind::including, "d"}), 3u);
  EXPECT_EQ(count({Kind::excluding, "b"}, {Kind::excluding, "d"}), 1u);
  EXPECT_EQ(count({Kind::highest}, {}), 0u);
  EXPECT_EQ(count({Kind::including, "bb"}, {Kind::highest}), 3u);
}

TEST_P(SortedSetTest, ErasesRangesOfRanks) {
  for (int i = 0; i < 100; ++i) put(std::to_string(i), i);
  set.erase(RankRange{10, 90});
  EXPECT_EQ(set.size(), 20u);
  EXPECT_EQ(set.at(10).score(), 90);
  set.erase(RankRange{0, 20});
  EXPECT_TRUE(set.empty());
}

TEST_P(SortedSetTest, ErasedMembersAreNotFound) {
  for (int i = 0; i < 500; ++i) put(std::to_string(i), i / 7);
  set.erase(RankRange{3, 452});
  EXPECT_EQ(set.size(), 51u);
  std::set<std::string> left;
  for (auto at = set.at(0); at; at.next()) {
    String::Scratch scratch;
    left.emplace(at.member().text(scratch));
  }
  EXPECT_EQ(left.size(), 51u);
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(set.score(std::to_string(i)).has_value(), left.count(std::to_string(i)) == 1) << i;
  }
}

TEST_P(SortedSetTest, ScansEveryMember) {
  for (int i = 0; i < 90; ++i) put(std::to_string(i), i);
  std::set<std::string> seen;
  std::uint64_t cursor = 0;
  do {
    cursor = set.scan(cursor, 10, [&](const String& member, double) {
      String::Scratch scratch;
      seen.emplace(member.text(scratch));
    });
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 90u);
}

TEST_P(SortedSetTest, CopiesItself) {
  for (int i = 0; i < 90; ++i) put(std::to_string(i * i), -i * 0.5);
  SortedSet copy(row(Type::sorted_set).copy(set.storage()));
  EXPECT_EQ(copy.is_packed(), set.is_packed());
  EXPECT_EQ(copy.size(), set.size());
  for (const auto& [member, score] : items()) EXPECT_EQ(copy.score(member), score);
  copy.destroy();
}

TEST_P(SortedSetTest, AgreesWithAModelThroughRandomChanges) {
  base::Rng rng(GetParam().entries + 1);
  std::map<std::string, double> model;
  for (int round = 0; round < 8000; ++round) {
    const std::string member = std::to_string(rng.below(100));
    const double score = static_cast<double>(rng.below(30)) / 4 - 3;
    if (rng.below(3) == 0) {
      EXPECT_EQ(set.erase(member), model.erase(member) == 1);
    } else {
      const bool known = model.count(member) == 1;
      const bool same = known && model[member] == score;
      EXPECT_EQ(put(member, score).outcome, !known ? Outcome::added
                                            : same ? Outcome::unchanged
                                                   : Outcome::updated);
      model[member] = score;
    }
    if (round % 100 != 0) continue;
    std::set<std::pair<double, std::string>> order;
    for (const auto& [name, value] : model) order.emplace(value, name);
    Items expected;
    for (const auto& [value, name] : order) expected.emplace_back(name, value);
    ASSERT_EQ(items(), expected);
    std::size_t rank = 0;
    for (const auto& [value, name] : order) ASSERT_EQ(set.rank(name)->rank, rank++);
    check_footprint();
  }
}

class Conversions : public SortedSetTest {};
INSTANTIATE_TEST_SUITE_P(OfSets, Conversions, testing::Values(SortedSet::Limits{4, 8}));

TEST_P(Conversions, HappenAboveTheLimits) {
  for (const char* member : {"a", "b", "c", "d"}) put(member, 1);
  EXPECT_TRUE(set.is_packed());
  put("e", 1);
  EXPECT_FALSE(set.is_packed());
  EXPECT_EQ(backwards(), (std::vector<std::string>{"e", "d", "c", "b", "a"}));
  set.pack(GetParam());
  EXPECT_FALSE(set.is_packed());
  set.erase("c");
  set.pack(GetParam());
  EXPECT_TRUE(set.is_packed());
  EXPECT_EQ(backwards(), (std::vector<std::string>{"e", "d", "b", "a"}));
  set.erase("a");
  put("more than 8", 1);
  EXPECT_FALSE(set.is_packed());
  set.pack(GetParam());
  EXPECT_FALSE(set.is_packed());
}

TEST_P(Conversions, FollowTheExpectedSize) {
  set.expect(4, 9, GetParam());
  EXPECT_FALSE(set.is_packed());
  set.destroy();
  set.expect(4, 8, GetParam());
  EXPECT_TRUE(set.is_packed());
  put("a", 1);
  set.expect(5, 1, GetParam());
  EXPECT_FALSE(set.is_packed());
  EXPECT_EQ(set.size(), 1u);
}

TEST_P(Conversions, StoreWholeScoresAsIntegers) {
  put("a", 3);
  put("b", 3.5);
  const ListpackView pack(static_cast<const std::uint8_t*>(set.storage()));
  EXPECT_TRUE(pack.get(pack.at(1)).is_number());
  String::Scratch scratch;
  EXPECT_EQ(pack.get(pack.at(3)).text(scratch), "3.5");
}

TEST(SortedSet, IsFreedCompletelyInSteps) {
  const std::int64_t before = memory::balance(Owner::sorted_sets);
  SortedSet set(nullptr);
  for (int i = 0; i < 20'000; ++i) set.append(std::to_string(i), i, kSmall);
  const TypeRow& type = row(Type::sorted_set);
  EXPECT_GE(type.free_effort(set.storage()), 20'000u);
  const std::int64_t grave = memory::balance(memory::Owner::graveyard);
  const auto bytes = static_cast<std::int64_t>(type.footprint(set.storage()));
  memory::transfer(Owner::sorted_sets, memory::Owner::graveyard, bytes);
  base::ManualClock clock;
  int steps = 1;
  for (;; ++steps) {
    base::Budget budget(clock, 0);
    if (type.destroy_some(set.storage(), memory::Owner::graveyard, budget)) break;
    ASSERT_EQ(memory::balance(memory::Owner::graveyard),
              grave + static_cast<std::int64_t>(type.footprint(set.storage())));
  }
  EXPECT_GT(steps, 20);
  EXPECT_EQ(memory::balance(Owner::sorted_sets), before);
  EXPECT_EQ(memory::balance(memory::Owner::graveyard), grave);
}

}  // namespace
}  // namespace larder::types
