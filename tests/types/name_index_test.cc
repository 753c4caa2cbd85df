// Names in their order, compared with a map; the bytes that they cost and the pointers that move.

#include "larder/types/name_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

struct Named {
  std::string text;
  const void* slot = nullptr;  // the position in memory of its pointer
  std::string_view name() const { return text; }
};
using Index = NameIndex<Named>;

class Names : public testing::Test {
 protected:
  void TearDown() override {
    while (!index.empty()) index.erase(tally, *index.last());
    EXPECT_EQ(index.bytes(), 0u);
    EXPECT_EQ(memory::balance(memory::Owner::streams), before);
  }

  void expect_bytes() {
    EXPECT_EQ(index.bytes(), bytes);
    EXPECT_EQ(memory::balance(memory::Owner::streams) - before, static_cast<std::int64_t>(bytes));
  }

  Named& make(std::string text) { return things.emplace_back(Named{std::move(text), nullptr}); }
  void add(std::string text) { index.insert(tally, &make(std::move(text))); }

  void expect_model() {
    ASSERT_EQ(index.size(), model.size());
    auto expected = model.begin();
    for (const Named* one : std::as_const(index)) {
      ASSERT_EQ(one, expected->second);
      ++expected;
    }
    ASSERT_EQ(expected, model.end());
    if (!model.empty()) {
      EXPECT_EQ(index.last(), model.rbegin()->second);
    }
  }

  // More names are added than removed if `adds` of 4 changes add.
  void change(unsigned adds, unsigned names) {
    const auto number = static_cast<char>(rng.below(256));
    const std::string text = number + std::to_string(rng.below(names));
    Named* found = index.find(text);
    const auto expected = model.find(text);
    ASSERT_EQ(found, expected == model.end() ? nullptr : expected->second);
    const bool adding = rng.below(4) < adds;
    if (adding && found == nullptr) {
      model[text] = &make(text);
      index.insert(tally, model[text]);
    } else if (!adding && found != nullptr) {
      index.erase(tally, *found);
      model.erase(expected);
    }
  }

  // How many pointers have moved in memory since the last call; new ones do not count.
  std::size_t moved() {
    std::size_t count = 0;
    for (Named* const& slot : index) {
      count += slot->slot != nullptr && slot->slot != &slot;
      slot->slot = &slot;
    }
    return count;
  }

  const std::int64_t before = memory::balance(memory::Owner::streams);
  std::size_t bytes = 0;
  Tally tally{memory::Owner::streams, bytes};
  Index index;
  std::deque<Named> things;
  std::map<std::string, Named*> model;
  base::Rng rng{7};
};

TEST_F(Names, AgreeWithAMapThroughRandomChanges) {
  std::size_t most = 0;
  for (int phase = 0; phase < 6; ++phase) {
    for (int round = 0; round < 40; ++round) {
      for (int i = 0; i < 200; ++i) change(phase % 2 == 0 ? 3 : 0, 10);
      ASSERT_NO_FATAL_FAILURE(expect_model());
      expect_bytes();
      most = std::max(most, model.size());
    }
  }
  EXPECT_GT(most, 1500u);
  EXPECT_LT(model.size(), 200u);
}

TEST_F(Names, AgreeWithAMapWhileThereAreFew) {
  for (int i = 0; i < 4000; ++i) {
    change(i % 1000 < 500 ? 3 : 1, 1);
    if (i % 20 == 0) {
      ASSERT_NO_FATAL_FAILURE(expect_model());
    }
  }
  expect_bytes();
}

TEST_F(Names, OfFewThingsAreAnArrayOfPointers) {
  std::size_t room = 1;
  for (std::size_t count = 1; count <= Index::kFew; ++count) {
    add(std::to_string(rng.next()));
    while (room < count) room *= 2;
    ASSERT_EQ(index.bytes(), room * sizeof(void*));
    expect_bytes();
  }
  for (std::size_t count = Index::kFew; count < 20000; ++count) add(std::to_string(rng.next()));
  EXPECT_LT(index.bytes(), index.size() * 2 * sizeof(void*));
  expect_bytes();
}

// At the front, where an array would move all of its pointers.
TEST_F(Names, OfManyThingsMoveOnlyThePointersOfOneLeaf) {
  constexpr std::size_t kLeafPointers = memory::dataset_class(1536) / sizeof(void*);
  constexpr int kChanges = 200;
  for (int i = 0; i < 10000; ++i) add("n" + std::to_string(1000000 + i));
  EXPECT_EQ(moved(), 0u);
  std::size_t most = 0;
  for (int i = 0; i < kChanges; ++i) {
    add("a" + std::to_string(1000000 - i));
    most = std::max(most, moved());
  }
  for (int i = 0; i < kChanges; ++i) {
    index.erase(tally, **index.begin());
    most = std::max(most, moved());
  }
  EXPECT_GT(most, 0u);
  EXPECT_LE(most, kLeafPointers);
}

}  // namespace
}  // namespace larder::types
