// One pass over values of each encoding: each block moves exactly once.

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "larder/types/before_element.h"
#include "tests/types/relocation_support.h"

namespace larder::types::relocation {
namespace {

constexpr std::int64_t kLater = 1'000'000;
constexpr HashLimits kHash{128, 64};
constexpr SortedSet::Limits kSorted{128, 64};

// Texts of 1 to 40 bytes, a few of them longer.
std::string word(std::uint64_t i) {
  std::string text = std::to_string(i * 7919);
  if (i % 3 == 0) text += std::string(i % 32, 'x');
  if (i % 97 == 50) text += std::string(300, 'y');
  return text;
}

void* hash_of(std::size_t fields, std::size_t with_deadline = 0) {
  Hash hash(nullptr);
  for (std::size_t i = 0; i < fields; ++i) hash.set(word(i), word(i + 1), kHash, 0);
  for (std::size_t i = 0; i < with_deadline; ++i) {
    hash.set_deadline(word(i), kLater + static_cast<std::int64_t>(i), 0);
  }
  return hash.storage();
}

void* set_of(std::size_t members, const std::string& prefix) {
  Set set;
  for (std::size_t i = 0; i < members; ++i) set.add(prefix + std::to_string(i), SetLimits{});
  return set.storage();
}

void* sorted_set_of(std::size_t members, std::uint64_t scores) {
  SortedSet set(nullptr);
  for (std::size_t i = 0; i < members; ++i) {
    set.put(word(i), static_cast<double>(i * 7907 % scores), {}, kSorted);
  }
  return set.storage();
}

void* list_of(std::size_t elements, const ListLimits& limits) {
  List list(nullptr);
  for (std::size_t i = 0; i < elements; ++i) {
    const std::string text = word(i);
    list.admit(limits, text.size(), 1);
    list.push(limits, i % 5 == 0 ? ListEnd::head : ListEnd::tail, text);
  }
  return list.storage();
}

void* stream_of(std::uint64_t entries, std::size_t groups, std::size_t consumers) {
  Stream stream(nullptr);
  stream.create();
  for (std::uint64_t i = 1; i <= entries; ++i) {
    const std::string value = word(i);
    const std::array<std::string_view, 2> pair{"field", value};
    stream.append({i, 0}, pair, {.bytes = 4096, .entries = 100});
  }
  for (std::size_t g = 0; g < groups; ++g) {
    Group* group = stream.create_group("group-" + std::to_string(g), {g, 0}, 0);
    for (std::size_t c = 0; c < consumers; ++c) {
      stream.create_consumer(*group, "consumer-" + std::to_string(c), 0);
    }
    for (std::uint64_t i = 1 + g % 2; consumers > 0 && i <= entries; i += 1 + g % 3) {
      Pending* pending = stream.add_pending(*group, {i, 0}, 0);
      stream.assign(*pending, *group->consumer("consumer-" + std::to_string(i % consumers)));
    }
  }
  return stream.storage();
}

void* string_of(std::size_t bytes) {
  Blob* blob = Blob::create(memory::Owner::strings, bytes);
  std::memset(blob->data(), 's', bytes);
  return blob;
}

struct Example {
  const char* name;
  Type type;
  void* (*make)();
  const char* encoding;
  std::size_t least_steps;
};

const Example kExamples[] = {
    {"String", Type::string, [] { return string_of(3000); }, nullptr, 1},
    {"HashOfOne", Type::hash, [] { return hash_of(1); }, "listpack", 1},
    {"HashListpack", Type::hash, [] { return hash_of(20); }, "listpack", 1},
    {"HashSmallTable", Type::hash, [] { return hash_of(3, 1); }, "hashtable", 1},
    {"HashOfOneSegment", Type::hash, [] { return hash_of(400); }, "hashtable", 1},
    {"HashTable", Type::hash, [] { return hash_of(20'000, 500); }, "hashtable", 20},
    {"Intset", Type::set, [] { return set_of(200, ""); }, "intset", 1},
    {"SetListpack", Type::set, [] { return set_of(100, "a"); }, "listpack", 1},
    {"SetSmallTable", Type::set, [] { return set_of(20, std::string(70, 'b')); }, "hashtable", 1},
    {"SetTable", Type::set, [] { return set_of(20'000, "a"); }, "hashtable", 20},
    // The roster of its segments has several pages.
    {"SetHuge", Type::set, [] { return set_of(400'000, ""); }, "hashtable", 500},
    {"SortedSetListpack", Type::sorted_set, [] { return sorted_set_of(40, 50); }, "listpack", 1},
    {"SortedSetOfOneLeaf", Type::sorted_set, [] { return sorted_set_of(60, 50); }, "skiplist", 1},
    {"SortedSetTree", Type::sorted_set, [] { return sorted_set_of(20'000, 1'000'000); }, "skiplist",
     40},
    {"SortedSetOfFewScores", Type::sorted_set, [] { return sorted_set_of(10'000, 3); }, "skiplist",
     20},
    {"ListBlock", Type::list, [] { return list_of(20, {.fill = -2}); }, "listpack", 1},
    {"Quicklist", Type::list, [] { return list_of(30'000, {.fill = -1}); }, "quicklist", 3},
    {"CompressedList", Type::list, [] { return list_of(5'000, {.fill = -1, .depth = 1}); },
     "quicklist", 1},
    {"ListOfPlainNodes", Type::list, [] { return list_of(2000, {.fill = -2, .plain_from = 20}); },
     "quicklist", 5},
    {"EmptyStream", Type::stream, [] { return stream_of(0, 0, 0); }, "stream", 1},
    {"StreamOfNodes", Type::stream, [] { return stream_of(50'000, 0, 0); }, "stream", 2},
    {"StreamGroups", Type::stream, [] { return stream_of(2'000, 5, 7); }, "stream", 20},
    {"StreamOfManyNames", Type::stream, [] { return stream_of(300, 150, 200); }, "stream", 1000},
};

class RelocationOfValue : public ::testing::TestWithParam<Example> {};

TEST_P(RelocationOfValue, MovesEachBlockOnce) {
  const Example& example = GetParam();
  Owned value(example.type);
  value.storage = example.make();
  if (example.encoding != nullptr) {
    ASSERT_EQ(row(example.type).encoding(value.storage), example.encoding);
  }
  const Contents before = value.contents();
  const std::size_t footprint = value.footprint();
  TestMover mover;
  mover.expects_once = true;
  const int passes = example.least_steps >= 500 ? 1 : 2;
  for (int pass = 0; pass < passes; ++pass) {
    mover.begin_pass();
    Relocated walk(example.type, mover);
    std::size_t steps = 1;
    std::size_t most = 0;
    for (std::size_t moved = 0; !walk.step(value.storage); ++steps) {
      most = std::max(most, mover.moved() - moved);
      moved = mover.moved();
    }
    EXPECT_EQ(mover.moved_bytes(), footprint);
    EXPECT_GE(steps, example.least_steps);
    // The elements and blocks of one segment, and what begins with it.
    EXPECT_LE(most, 880u);
    EXPECT_EQ(value.footprint(), footprint);
    EXPECT_EQ(value.contents(), before);
  }
}

TEST_P(RelocationOfValue, TakesOneCallWithoutALimit) {
  const Example& example = GetParam();
  if (example.least_steps >= 500) GTEST_SKIP() << "large";
  Owned value(example.type);
  value.storage = example.make();
  const Contents before = value.contents();
  TestMover mover;
  Relocation walk;
  base::Budget unlimited = base::Budget::unlimited();
  value.storage = row(example.type).relocate_some(value.storage, walk, mover, unlimited);
  EXPECT_TRUE(walk.done);
  EXPECT_EQ(mover.moved_bytes(), value.footprint());
  EXPECT_EQ(value.contents(), before);
}

INSTANTIATE_TEST_SUITE_P(Values, RelocationOfValue, ::testing::ValuesIn(kExamples),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Relocation, OfAnEmptyValueIsDone) {
  TestMover mover;
  for (const Type type : {Type::list, Type::hash, Type::set, Type::sorted_set, Type::stream}) {
    Relocation walk;
    base::Budget unlimited = base::Budget::unlimited();
    EXPECT_EQ(row(type).relocate_some(nullptr, walk, mover, unlimited), nullptr);
    EXPECT_TRUE(walk.done);
  }
}

TEST(Relocation, LeavesAConsumerOfManyEntries) {
  Owned value(Type::stream);
  value.storage = stream_of(4'000, 1, 1);
  const Contents before = value.contents();
  const Consumer* consumer = *(*Stream(value.storage).groups().begin())->consumers.begin();
  const std::size_t stays = memory::dataset_class(sizeof(Consumer) + consumer->name().size());
  TestMover mover;
  Relocated walk(Type::stream, mover);
  while (!walk.step(value.storage)) {
  }
  EXPECT_EQ(mover.moved_bytes(), value.footprint() - stays);
  EXPECT_EQ(value.contents(), before);
}

class NoHook final : public BeforeElement {
 public:
  void before_change(std::string_view, std::uint64_t, const void*) override {}
};

TEST(Relocation, LeavesAWatchedCollection) {
  NoHook hook;
  TestMover mover;
  for (const Type type : {Type::hash, Type::set, Type::sorted_set}) {
    Owned value(type);
    const auto watch = [&](BeforeElement* by) {
      if (type == Type::hash) return Hash(value.storage).table()->watch(by);
      if (type == Type::set) return Set(value.storage).watch(by);
      SortedSet(value.storage).watch(by);
    };
    value.storage = type == Type::hash  ? hash_of(300)
                    : type == Type::set ? set_of(300, "a")
                                        : sorted_set_of(300, 100);
    watch(&hook);
    Relocated walk(type, mover);
    EXPECT_TRUE(walk.step(value.storage));
    EXPECT_EQ(mover.moved(), 0u);
    watch(nullptr);
    while (!walk.step(value.storage)) {
    }
    EXPECT_EQ(mover.moved_bytes(), value.footprint());
    mover.begin_pass();
  }
}

// A walk may meet a value at a position that another value left.
TEST(Relocation, AcceptsAnyPosition) {
  base::Rng rng(11);
  for (const Example& example : kExamples) {
    if (example.least_steps >= 500) continue;
    Owned value(example.type);
    value.storage = example.make();
    const Contents before = value.contents();
    for (int i = 0; i < 8; ++i) {
      TestMover mover;
      Relocated walk(example.type, mover);
      const std::uint64_t most = std::uint64_t{1} << rng.below(64);
      walk.walk = {.part = static_cast<std::uint8_t>(rng.below(7)),
                   .position = rng.below(most),
                   .sequence = rng.below(most),
                   .group = {static_cast<std::uint32_t>(rng.below(3)),
                             static_cast<std::uint32_t>(rng.below(200))},
                   .consumer = {static_cast<std::uint32_t>(rng.below(3)),
                                static_cast<std::uint32_t>(rng.below(200))}};
      while (!walk.step(value.storage)) {
      }
    }
    EXPECT_EQ(value.contents(), before) << example.name;
  }
}

}  // namespace
}  // namespace larder::types::relocation
