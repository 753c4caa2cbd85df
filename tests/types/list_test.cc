#include "larder/types/list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

using memory::Owner;

// A list and a simple model of it; the owner's bytes must equal the footprint, and be 0 when the
// list has been freed.
class ListPair {
 public:
  explicit ListPair(const ListLimits& limits) : limits_(limits) {}
  ~ListPair() {
    base::Budget budget = base::Budget::unlimited();
    EXPECT_TRUE(row(Type::list).destroy_some(list_.storage(), Owner::lists, budget));
    EXPECT_EQ(memory::balance(Owner::lists), before_);
  }
  ListPair(const ListPair&) = delete;
  ListPair& operator=(const ListPair&) = delete;

  List& list() { return list_; }
  std::deque<std::string>& model() { return model_; }
  const std::deque<std::string>& model() const { return model_; }
  std::string encoding() const { return std::string(row(Type::list).encoding(list_.storage())); }
  std::size_t footprint() const { return row(Type::list).footprint(list_.storage()); }
  void limits(const ListLimits& limits) { limits_ = limits; }

  void push(ListEnd end, const std::string& text) {
    list_.admit(limits_, text.size(), 1);
    list_.push(limits_, end, text);
    end == ListEnd::head ? model_.push_front(text) : model_.push_back(text);
  }
  void drop(ListEnd end, std::size_t count) {
    list_.drop(end, count);
    list_.compact(limits_);
    for (; count > 0 && !model_.empty(); --count) {
      end == ListEnd::head ? model_.pop_front() : model_.pop_back();
    }
  }
  // True if the listpack was taken unchanged.
  bool append_pack(const Listpack& pack) {
    if (!list_.append_pack(limits_, pack.raw())) return false;
    String::Scratch scratch;
    for (auto at = pack.first(); at != ListpackView::kEnd; at = pack.next(at)) {
      model_.emplace_back(pack.get(at).text(scratch));
    }
    return true;
  }
  void replace(std::int64_t index, const std::string& text) {
    list_.admit(limits_, text.size(), 1);
    const auto elements = static_cast<std::int64_t>(model_.size());
    const std::int64_t at = index < 0 ? index + elements : index;
    const bool there = at >= 0 && at < elements;
    EXPECT_EQ(list_.replace(limits_, index, text), there);
    if (there) model_[static_cast<std::size_t>(at)] = text;
    list_.compact(limits_);
  }
  void insert(const std::string& pivot, ListSide side, const std::string& text) {
    list_.admit(limits_, text.size(), 1);
    auto at = std::find(model_.begin(), model_.end(), pivot);
    EXPECT_EQ(list_.insert(limits_, ListNeedle(pivot), side, text), at != model_.end());
    if (at != model_.end()) model_.insert(side == ListSide::after ? at + 1 : at, text);
  }
  void remove(ListEnd from, std::size_t most, const std::string& text) {
    std::size_t removed = 0;
    if (from == ListEnd::tail) std::reverse(model_.begin(), model_.end());
    for (auto at = model_.begin(); at != model_.end() && removed < most;) {
      at = *at == text ? (++removed, model_.erase(at)) : at + 1;
    }
    if (from == ListEnd::tail) std::reverse(model_.begin(), model_.end());
    EXPECT_EQ(list_.remove(from, most, ListNeedle(text)), removed);
    list_.compact(limits_);
  }

  void check() const {
    ASSERT_EQ(list_.size(), model_.size());
    ASSERT_EQ(memory::balance(Owner::lists), before_ + static_cast<std::int64_t>(footprint()));
    String::Scratch scratch;
    auto forwards = list_.at(0);
    for (const std::string& text : model_) {
      ASSERT_FALSE(forwards.done());
      ASSERT_EQ(forwards.get().text(scratch), text);
      forwards.next();
    }
    ASSERT_TRUE(forwards.done());
    auto backwards = list_.at(-1);
    for (auto at = model_.rbegin(); at != model_.rend(); ++at, backwards.previous()) {
      ASSERT_FALSE(backwards.done());
      ASSERT_EQ(backwards.get().text(scratch), *at);
    }
    ASSERT_TRUE(backwards.done());
  }

 private:
  ListLimits limits_;
  std::int64_t before_ = memory::balance(Owner::lists);
  List list_{nullptr};
  std::deque<std::string> model_;
};

std::string text_at(const List& list, std::int64_t index) {
  const auto cursor = list.at(index);
  String::Scratch scratch;
  return cursor.done() ? "(none)" : std::string(cursor.get().text(scratch));
}

std::string some_text(base::Rng& rng, std::size_t longest) {
  switch (rng.below(4)) {
    case 0:
      return std::to_string(static_cast<std::int64_t>(rng.next()) >> rng.below(64));
    case 1:
      return std::string(rng.below(longest), static_cast<char>('a' + rng.below(3)));
    default:
      return "v" + std::to_string(rng.below(20));
  }
}

void act(ListPair& pair, base::Rng& rng, std::size_t longest) {
  const ListEnd end = rng.below(2) == 0 ? ListEnd::head : ListEnd::tail;
  const std::string text = some_text(rng, longest);
  const auto elements = static_cast<std::int64_t>(pair.model().size());
  const auto index = static_cast<std::int64_t>(rng.below(pair.model().size() + 2)) -
                     (rng.below(2) == 0 ? elements : 0);
  switch (rng.below(12)) {
    case 0:
      return pair.drop(end, 1 + rng.below(6));
    case 1:
      return pair.drop(end, rng.below(30) == 0 ? rng.below(300) : 1);
    case 2:
      return pair.replace(index, text);
    case 3:
    case 4: {
      std::string pivot = some_text(rng, longest);
      if (elements > 0 && rng.below(4) != 0) {
        pivot = pair.model()[rng.below(static_cast<std::uint64_t>(elements))];
      }
      return pair.insert(pivot, rng.below(2) == 0 ? ListSide::before : ListSide::after, text);
    }
    case 5:
      return pair.remove(end, rng.below(3) == 0 ? SIZE_MAX : 1 + rng.below(2), text);
    default:
      return pair.push(end, text);
  }
}

struct Shape {
  const char* name;
  ListLimits limits;
  std::size_t longest;
};
class ListShapes : public testing::TestWithParam<Shape> {};

TEST_P(ListShapes, AgreeWithASequence) {
  base::Rng rng(7);
  for (int round = 0; round < 12; ++round) {
    ListPair pair(GetParam().limits);
    for (int step = 0; step < 400; ++step) {
      act(pair, rng, GetParam().longest);
      if (step % 7 == 0) pair.check();
      if (testing::Test::HasFatalFailure()) return;
    }
    pair.check();
    const std::int64_t index = static_cast<std::int64_t>(rng.below(pair.model().size() + 1));
    EXPECT_EQ(text_at(pair.list(), index), index < static_cast<std::int64_t>(pair.model().size())
                                               ? pair.model()[static_cast<std::size_t>(index)]
                                               : "(none)");
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ListShapes,
    testing::Values(Shape{"Default", {}, 40}, Shape{"LongElements", {}, 3000},
                    Shape{"OneEach", {.fill = 1}, 40}, Shape{"FourEach", {.fill = 4}, 40},
                    Shape{"Compressed", {.fill = 5, .depth = 1}, 200},
                    Shape{"CompressedDeeper", {.fill = 3, .depth = 2}, 200},
                    Shape{"CompressedByBytes", {.fill = -1, .depth = 1}, 900},
                    Shape{"Plain", {.fill = 4, .plain_from = 20}, 40},
                    Shape{"PlainCompressed", {.fill = 4, .depth = 1, .plain_from = 60}, 120}),
    [](const auto& shape) { return std::string(shape.param.name); });

void fill(ListPair& pair, std::size_t elements, std::size_t size = 10) {
  for (std::size_t i = 0; i < elements; ++i) pair.push(ListEnd::tail, std::string(size, 'x'));
}

TEST(List, IsOneBlockUpToTheLimit) {
  ListPair pair({.fill = 4});
  fill(pair, 4);
  EXPECT_EQ(pair.encoding(), "listpack");
  fill(pair, 1);
  EXPECT_EQ(pair.encoding(), "quicklist");
  pair.drop(ListEnd::tail, 1);
  EXPECT_EQ(pair.encoding(), "quicklist");
  pair.drop(ListEnd::tail, 1);
  EXPECT_EQ(pair.encoding(), "quicklist");
  pair.drop(ListEnd::tail, 1);
  EXPECT_EQ(pair.encoding(), "listpack") << "half of what a node may have";
  pair.check();
}

TEST(List, CountsTheBytesOfTheListpack) {
  ListPair pair({.fill = -1});
  fill(pair, 340);  // 7 + 340 * 12 = 4087
  EXPECT_EQ(pair.encoding(), "listpack");
  pair.push(ListEnd::tail, std::string(9, 'x'));  // 4096 counting the text alone
  EXPECT_EQ(pair.encoding(), "listpack");
  pair.push(ListEnd::tail, "x");
  EXPECT_EQ(pair.encoding(), "quicklist");
  pair.check();
}

TEST(List, KeepsItsBlockWellFilledAtEitherEnd) {
  for (const ListEnd end : {ListEnd::head, ListEnd::tail}) {
    ListPair pair({});
    for (int i = 0; i < 20'000; ++i) pair.push(end, "element:" + std::to_string(100'000 + i));
    const std::size_t bytes = 20'000 * 16;
    EXPECT_LT(pair.footprint(), bytes * 102 / 100 + 8192);
  }
}

TEST(List, UsedAsAQueueDoesNotGrow) {
  ListPair pair({});
  for (int i = 0; i < 50; ++i) pair.push(ListEnd::tail, std::to_string(10000 + i));
  const std::size_t held = pair.footprint();
  for (int i = 0; i < 5000; ++i) {
    pair.push(ListEnd::tail, std::to_string(10000 + i));
    pair.drop(ListEnd::head, 1);
  }
  EXPECT_LE(pair.footprint(), held * 5 / 4);
  pair.check();
}

TEST(List, FreesMemoryAsItShrinks) {
  ListPair pair({});
  fill(pair, 600);
  pair.drop(ListEnd::head, 595);
  EXPECT_LE(pair.footprint(), 192u);
  pair.check();
}

TEST(List, CompressesNodesAwayFromTheEnds) {
  std::size_t plain_bytes = 0;
  std::size_t listpack_bytes = 0;
  {
    ListPair plain({.fill = 16});
    fill(plain, 16 * 40, 100);
    plain_bytes = plain.footprint();
    listpack_bytes = plain.list().figures().listpack_bytes;
  }
  ListPair pressed({.fill = 16, .depth = 1});
  fill(pressed, 16 * 40, 100);
  EXPECT_LT(pressed.footprint() * 3, plain_bytes);
  const ListFigures figures = pressed.list().figures();
  EXPECT_EQ(figures.nodes, 40u);
  EXPECT_EQ(figures.compressed_nodes, 38u);
  EXPECT_EQ(figures.listpack_bytes, listpack_bytes);
  pressed.check();
}

TEST(List, GivesLargeElementsNodesOfTheirOwn) {
  ListPair pair({.fill = -1});
  fill(pair, 5);
  pair.push(ListEnd::tail, std::string(5000, 'y'));
  fill(pair, 5);
  std::vector<bool> plain;
  pair.list().for_each_node(
      [&plain](bool is_plain, std::string_view) { plain.push_back(is_plain); });
  EXPECT_EQ(plain, (std::vector<bool>{false, true, false}));
  pair.replace(5, "small");
  pair.check();
  pair.replace(2, std::string(6000, 'z'));
  pair.check();
}

TEST(List, MakesAnIndependentCopy) {
  for (const int fill_of : {-2, 3}) {
    ListPair pair({.fill = fill_of, .depth = 1});
    fill(pair, 100, 60);
    List twin(row(Type::list).copy(pair.list().storage()));
    EXPECT_EQ(row(Type::list).footprint(twin.storage()), pair.footprint());
    pair.drop(ListEnd::head, 100);
    EXPECT_EQ(twin.size(), 100u);
    EXPECT_EQ(text_at(twin, 50), std::string(60, 'x'));
    base::Budget budget = base::Budget::unlimited();
    EXPECT_TRUE(row(Type::list).destroy_some(twin.storage(), Owner::lists, budget));
  }
}

void expect_elements(const ListPair& pair, const List& list) {
  ASSERT_EQ(list.size(), pair.model().size());
  for (std::size_t i = 0; i < pair.model().size(); i += 7) {
    ASSERT_EQ(text_at(list, static_cast<std::int64_t>(i)), pair.model()[i]) << i;
  }
}

// More nodes than a group has, which are split and merged.
TEST(List, FindsElementsByIndexAmongManyNodes) {
  base::Rng rng(3);
  ListPair pair({.fill = 1});
  for (int i = 0; i < 600; ++i) {
    pair.push(i % 3 == 0 ? ListEnd::head : ListEnd::tail, std::to_string(i));
  }
  expect_elements(pair, pair.list());
  for (int i = 600; i < 2000; ++i) {
    const std::string pivot = pair.model()[rng.below(pair.model().size())];
    pair.insert(pivot, i % 2 == 0 ? ListSide::before : ListSide::after, std::to_string(i));
  }
  expect_elements(pair, pair.list());
  for (int i = 0; i < 1950; ++i) {
    const std::string gone = pair.model()[rng.below(pair.model().size())];
    pair.remove(i % 2 == 0 ? ListEnd::head : ListEnd::tail, 1, gone);
    if (i % 150 == 0) expect_elements(pair, pair.list());
  }
  pair.check();
}

// Each node that is left was in a full group: the groups are merged in both directions.
TEST(List, KeepsFewGroupsWhenMostNodesAreRemoved) {
  for (const bool forwards : {true, false}) {
    ListPair pair({.fill = 1});
    for (int i = 0; i < 6000; ++i) pair.push(ListEnd::tail, std::to_string(i));
    for (int n = 0; n < 6000; ++n) {
      const int i = forwards ? n : 5999 - n;
      if (i % 62 != 30) pair.remove(forwards ? ListEnd::head : ListEnd::tail, 1, std::to_string(i));
    }
    ASSERT_EQ(pair.list().size(), 97u);
    EXPECT_LT(pair.footprint(), 97u * 64 + 16 * 1024) << forwards;
    pair.check();
  }
}

// The listpacks of a dump.
class Packs {
 public:
  ~Packs() { pack_.destroy(memory::Owner::hashes); }
  Listpack& with(int elements, const std::string& text) {
    pack_.destroy(memory::Owner::hashes);
    pack_ = Listpack::create(memory::Owner::hashes);
    for (int i = 0; i < elements; ++i) {
      pack_.append(memory::Owner::hashes, i % 3 == 0 ? std::to_string(i) : text);
    }
    return pack_;
  }

 private:
  Listpack pack_ = Listpack::create(memory::Owner::hashes);
};

TEST(List, AcceptsWholeListpacks) {
  for (const int depth : {0, 1}) {
    Packs packs;
    ListPair pair({.fill = -2, .depth = depth});
    EXPECT_FALSE(pair.append_pack(packs.with(3, "a"))) << "a single block grows by elements";
    for (int i = 0; i < 300; ++i) pair.push(ListEnd::tail, std::string(60, 'x'));
    const std::size_t nodes = pair.list().figures().nodes;
    for (int i = 0; i < 20; ++i)
      EXPECT_TRUE(pair.append_pack(packs.with(100, std::string(70, 'y'))));
    const std::size_t more = pair.list().figures().nodes;
    EXPECT_GE(more, nodes + 19) << "a node each";
    pair.check();
    EXPECT_TRUE(pair.append_pack(packs.with(3, "small")));
    EXPECT_EQ(pair.list().figures().nodes, more) << "joins a node that has room";
    pair.check();
    pair.push(ListEnd::tail, "last");
    pair.remove(ListEnd::head, 5, "0");
    pair.drop(ListEnd::tail, 250);
    pair.check();
  }
}

TEST(List, RejectsAListpackThatIsTooLarge) {
  Packs packs;
  ListPair pair({.fill = -1});
  for (int i = 0; i < 300; ++i) pair.push(ListEnd::tail, std::string(60, 'x'));
  EXPECT_FALSE(pair.append_pack(packs.with(200, std::string(60, 'y'))));
  EXPECT_TRUE(pair.append_pack(packs.with(3, "a")));
  pair.limits({.fill = -1, .plain_from = 30});
  EXPECT_FALSE(pair.append_pack(packs.with(3, "a")));
  pair.check();
}

TEST(List, IsFreedInStepsThatReturnTheRest) {
  ListLimits limits{.fill = 1};
  List list(nullptr);
  for (int i = 0; i < 1000; ++i) {
    list.admit(limits, 10, 1);
    list.push(limits, ListEnd::tail, "0123456789");
  }
  const std::int64_t before = memory::balance(Owner::lists);
  const auto size = static_cast<std::int64_t>(row(Type::list).footprint(list.storage()));
  EXPECT_GT(row(Type::list).free_effort(list.storage()), 900u);
  base::ManualClock clock;
  int steps = 1;
  for (base::Budget budget(clock, 0);
       !row(Type::list).destroy_some(list.storage(), Owner::lists, budget); ++steps) {
    const auto left = static_cast<std::int64_t>(row(Type::list).footprint(list.storage()));
    EXPECT_EQ(memory::balance(Owner::lists), before - size + left);
  }
  EXPECT_GT(steps, 10);
  EXPECT_EQ(memory::balance(Owner::lists), before - size);
}

TEST(ListNeedle, MatchesNumbersByValueAndTextsByBytes) {
  EXPECT_TRUE(ListNeedle("12").matches(String(std::int64_t{12})));
  EXPECT_FALSE(ListNeedle("012").matches(String(std::int64_t{12})));
  EXPECT_TRUE(ListNeedle("012").matches(String("012")));
  EXPECT_FALSE(ListNeedle("a").matches(String(std::int64_t{0})));
}

}  // namespace
}  // namespace larder::types
