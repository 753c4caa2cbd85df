#include "larder/types/sorted_set_fill.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "larder/base/rng.h"
#include "larder/memory/ledger.h"

namespace larder::types {
namespace {

using Member = std::pair<double, std::string>;

// 3,000 members with few different scores, in the order of the set.
std::vector<Member> in_order() {
  std::vector<Member> members;
  for (int i = 0; i < 3000; ++i) {
    members.emplace_back(i % 50 - 20.5, "member:" + std::to_string(i) + std::string(i % 300, 'm'));
  }
  std::sort(members.begin(), members.end());
  return members;
}

std::vector<Member> contents(const SortedSet& set) {
  std::vector<Member> found;
  String::Scratch scratch;
  for (auto at = set.at(0); at; at.next())
    found.emplace_back(at.score(), at.member().text(scratch));
  return found;
}

class SortedSetFills : public ::testing::Test {
 protected:
  SortedSetFills() : before_(memory::balance(SortedSet::kOwner)) {}
  void TearDown() override { EXPECT_EQ(memory::balance(SortedSet::kOwner), before_); }

  static SortedSet filled(const std::vector<Member>& members) {
    SortedSetFill fill(members.size());
    for (const auto& [score, member] : members) fill.add(member, score);
    return SortedSet(fill.finish([] { return true; }));
  }

  const std::int64_t before_;
};

TEST_F(SortedSetFills, MakeTheSameSetOfMembersInAnyOrder) {
  const std::vector<Member> expected = in_order();
  std::vector<Member> given = expected;
  base::Rng rng(1);
  for (int round = 0; round < 4; ++round) {
    SortedSet set = filled(given);
    EXPECT_EQ(contents(set), expected) << round;
    for (std::size_t i = 0; i < expected.size(); i += 97) {
      const auto rank = set.rank(expected[i].second);
      ASSERT_TRUE(rank);
      EXPECT_EQ(rank->rank, i);
      EXPECT_EQ(rank->score, expected[i].first);
    }
    EXPECT_EQ(row(Type::sorted_set).footprint(set.storage()),
              static_cast<std::size_t>(memory::balance(SortedSet::kOwner) - before_));
    set.destroy();
    if (round == 0) std::reverse(given.begin(), given.end());
    if (round == 1) std::swap(given[0], given[2999]);
    for (std::size_t i = 0; round == 2 && i < given.size(); ++i) {
      std::swap(given[i], given[rng.below(given.size())]);
    }
  }
}

TEST_F(SortedSetFills, RefuseRepeatedMembers) {
  std::vector<Member> members = in_order();
  for (const std::size_t at : {0u, 1u, 1500u, 2998u}) {
    std::vector<Member> repeated = members;
    repeated.emplace_back(7, members[at].second);
    EXPECT_EQ(filled(repeated).storage(), nullptr) << at;
  }
}

TEST_F(SortedSetFills, CanBeStoppedAtAnyTime) {
  std::vector<Member> members = in_order();
  std::swap(members[0], members[1]);
  for (const int steps : {0, 1, 1000, 20'000, 1'000'000}) {
    SortedSetFill fill(members.size());
    for (const auto& [score, member] : members) fill.add(member, score);
    int left = steps;
    SortedSet set(fill.finish([&left] { return left-- > 0; }));
    EXPECT_EQ(set.empty(), steps < 1'000'000) << steps;
    set.destroy();
  }
  SortedSetFill unfinished(members.size());
  unfinished.add("a", 1);
}

}  // namespace
}  // namespace larder::types
