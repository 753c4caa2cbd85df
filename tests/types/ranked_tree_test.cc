#include "larder/types/ranked_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

using memory::Owner;

bool stands_before(const RankedMember* a, const RankedMember* b) {
  return a->is_before(b->score(), b->text());
}

// A tree and a sorted array of the same members.
class RankedTreeTest : public testing::Test {
 protected:
  void TearDown() override {
    base::Budget unlimited = base::Budget::unlimited();
    EXPECT_TRUE(tree.free_some(Owner::sorted_sets, unlimited));
    EXPECT_EQ(tree.bytes(), 0u);
    for (RankedMember* member : model) RankedMember::release(Owner::sorted_sets, member);
    EXPECT_EQ(memory::balance(Owner::sorted_sets), before);
  }

  RankedMember* add(const std::string& text, double score) {
    RankedMember* member = RankedMember::create(Owner::sorted_sets, text, score);
    tree.insert(member);
    model.insert(std::upper_bound(model.begin(), model.end(), member, stands_before), member);
    return member;
  }
  void erase(std::size_t rank) {
    tree.erase(model[rank]);
    RankedMember::release(Owner::sorted_sets, model[rank]);
    model.erase(model.begin() + static_cast<std::ptrdiff_t>(rank));
  }
  void move(std::size_t rank, double score) {
    RankedMember* member = model[rank];
    tree.move(member, score);
    model.erase(model.begin() + static_cast<std::ptrdiff_t>(rank));
    model.insert(std::upper_bound(model.begin(), model.end(), member, stands_before), member);
  }
  void compare() {
    ASSERT_EQ(tree.size(), model.size());
    RankedTree::Place forward = tree.at(0);
    for (std::size_t i = 0; i < model.size(); ++i, forward.next()) {
      ASSERT_EQ(forward.member(), model[i]);
    }
    EXPECT_FALSE(forward);
    EXPECT_FALSE(tree.at(model.size()));
    RankedTree::Place backward = model.empty() ? RankedTree::Place() : tree.at(model.size() - 1);
    for (std::size_t i = model.size(); i-- > 0; backward.previous()) {
      ASSERT_EQ(backward.member(), model[i]);
    }
    EXPECT_FALSE(backward);
  }
  void compare_ranks(std::size_t step) {
    for (std::size_t i = 0; i < model.size(); i += step) {
      ASSERT_EQ(tree.rank(model[i]), i);
      ASSERT_EQ(tree.at(i).member(), model[i]);
    }
  }

  std::int64_t before = memory::balance(Owner::sorted_sets);
  RankedTree tree;
  std::vector<RankedMember*> model;
};

TEST_F(RankedTreeTest, HoldsNoMemoryWhenEmpty) {
  EXPECT_EQ(tree.bytes(), 0u);
  EXPECT_FALSE(tree.at(0));
  EXPECT_EQ(tree.count_before(5, RankedTree::Equal::before), 0u);
  add("a", 1);
  erase(0);
  EXPECT_EQ(tree.bytes(), 0u);
}

TEST_F(RankedTreeTest, KeepsMembersOfAnyLength) {
  for (const std::size_t size : {0, 1, 254, 255, 256, 70'000}) {
    add(std::string(size, 'x'), static_cast<double>(size));
  }
  compare();
  EXPECT_EQ(tree.at(5).member()->text().size(), 70'000u);
  EXPECT_EQ(tree.at(2).member()->text(), std::string(254, 'x'));
}

TEST_F(RankedTreeTest, AgreesWithAModelThroughRandomChanges) {
  base::Rng rng(11);
  for (const std::uint64_t scores : {1, 7, 1'000'000}) {
    for (int round = 0; round < 6000; ++round) {
      const bool grows = round % 4000 < 3000;
      const std::uint64_t dice = rng.below(10);
      const auto score = static_cast<double>(rng.below(scores));
      if (model.empty() || dice < (grows ? 7u : 2u)) {
        add("m" + std::to_string(rng.next()), score);
      } else if (dice < 8) {
        erase(rng.below(model.size()));
      } else {
        move(rng.below(model.size()), score);
      }
      if (round % 500 == 0) {
        ASSERT_NO_FATAL_FAILURE(compare());
      }
    }
    ASSERT_NO_FATAL_FAILURE(compare_ranks(3));
    while (!model.empty()) erase(rng.below(model.size()));
    EXPECT_EQ(tree.bytes(), 0u);
  }
}

TEST_F(RankedTreeTest, CountsElementsBelowABound) {
  base::Rng rng(3);
  for (int i = 0; i < 5000; ++i) add(std::to_string(i), static_cast<double>(rng.below(400)));
  for (double bound = -1; bound < 402; bound += 0.5) {
    const auto below = std::count_if(model.begin(), model.end(),
                                     [&](const auto* member) { return member->score() < bound; });
    const auto up_to = std::count_if(model.begin(), model.end(),
                                     [&](const auto* member) { return member->score() <= bound; });
    ASSERT_EQ(tree.count_before(bound, RankedTree::Equal::after), static_cast<std::size_t>(below));
    ASSERT_EQ(tree.count_before(bound, RankedTree::Equal::before), static_cast<std::size_t>(up_to));
  }
}

TEST_F(RankedTreeTest, CountsElementsBelowATextOfEqualScores) {
  for (int i = 0; i < 3000; ++i) add(std::to_string(i * 7), 5);
  for (int i = 0; i < 3000; i += 13) {
    const std::string text = std::to_string(i * 7);
    const std::size_t rank = tree.count_before(text, RankedTree::Equal::after);
    ASSERT_EQ(model[rank]->text(), text);
    ASSERT_EQ(tree.count_before(text, RankedTree::Equal::before), rank + 1);
  }
  EXPECT_EQ(tree.count_before("", RankedTree::Equal::before), 0u);
  EXPECT_EQ(tree.count_before("x", RankedTree::Equal::after), 3000u);
}

TEST_F(RankedTreeTest, FillsItsNodesIfMembersAreAddedInOrder) {
  constexpr int kMembers = 20'000;
  for (int i = 0; i < kMembers; ++i) add(std::to_string(i), i);
  EXPECT_LT(tree.bytes(), kMembers * 9u);
  const std::size_t ascending = tree.bytes();
  while (!model.empty()) erase(model.size() - 1);
  for (int i = 0; i < kMembers; ++i) add(std::to_string(i), -i);
  EXPECT_LT(tree.bytes(), ascending + ascending / 10);
  compare();
}

TEST_F(RankedTreeTest, FreesNodesAsMembersAreRemoved) {
  base::Rng rng(5);
  for (int i = 0; i < 20'000; ++i) add(std::to_string(i), static_cast<double>(rng.next() >> 20));
  const std::size_t full = tree.bytes();
  while (model.size() > 2000) erase(rng.below(model.size()));
  EXPECT_LT(tree.bytes(), full / 4);
  compare();
  compare_ranks(1);
}

TEST_F(RankedTreeTest, IsFreedInSteps) {
  for (int i = 0; i < 10'000; ++i) add(std::to_string(i), i);
  base::ManualClock clock;
  int steps = 1;
  for (; steps < 1000; ++steps) {
    base::Budget budget(clock, 0);
    const std::size_t left = tree.bytes();
    if (tree.free_some(Owner::sorted_sets, budget)) break;
    ASSERT_LT(tree.bytes(), left);
  }
  EXPECT_GT(steps, 5);
  EXPECT_LT(steps, 1000);
}

}  // namespace
}  // namespace larder::types
