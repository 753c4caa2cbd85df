#include "larder/types/set.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "larder/base/clock.h"
#include "larder/types/set_operations.h"

namespace larder::types {
namespace {

using SetModel = std::set<std::string>;

std::string text_of(const String& member) {
  String::Scratch scratch;
  return std::string(member.text(scratch));
}

std::multiset<std::string> members_of(const Set& set) {
  std::multiset<std::string> members;
  set.for_each([&](const String& member) { members.insert(text_of(member)); });
  return members;
}

std::multiset<std::string> as_multiset(const SetModel& model) {
  return {model.begin(), model.end()};
}

// Frees its sets; the owner must hold nothing but them.
class SetTest : public testing::Test {
 protected:
  void TearDown() override {
    for (Set& other : others) other.clear();
    EXPECT_EQ(memory::balance(memory::Owner::sets),
              before + static_cast<std::int64_t>(Set::footprint(set.storage())));
    set.clear();
    EXPECT_EQ(memory::balance(memory::Owner::sets), before);
  }
  void add_all(const std::vector<std::string>& members) {
    for (const std::string& member : members) set.add(member, limits);
  }
  void add_range(int from, int to, const std::string& prefix) {
    for (int i = from; i < to; ++i) set.add(prefix + std::to_string(i), limits);
  }

  std::int64_t before = memory::balance(memory::Owner::sets);
  SetLimits limits;
  Set set;
  std::vector<Set> others;
  base::Rng rng{42};
};

TEST_F(SetTest, MovesNothingIfTheSizeIsKnown) {
  constexpr std::size_t kSize = 30'000;
  add_range(0, kSize, "member");
  others.emplace_back(Set::copy(set.storage()));
  others.push_back(Set::create_for(kSize, limits));
  set.for_each([this](const String& member) { others[1].add(member, limits); });
  others.emplace_back();
  others[2].expect("member0", kSize, limits);
  set.for_each([this](const String& member) { others[2].add(member, limits); });
  for (const Set& other : others) {
    ASSERT_EQ(other.size(), kSize);
    EXPECT_LE(other.table()->moved_slots(), kSize / 4);
    EXPECT_LE(other.table()->bytes(), set.table()->bytes() * 5 / 4);
  }
  EXPECT_EQ(members_of(others[0]), members_of(set));
  others.push_back(Set::create_for(limits.intset_entries, limits));
  EXPECT_EQ(others[3].encoding(), Set::Encoding::intset);
}

TEST_F(SetTest, ChoosesItsEncodingByTheFirstMember) {
  set.add("12", limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::intset);
  set.clear();
  set.add("x", limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::listpack);
  set.clear();
  limits.intset_entries = 0;
  set.add("12", limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::listpack);
  set.clear();
  limits.listpack_entries = 0;
  set.add("12", limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
}

TEST_F(SetTest, IntegersPastTheirLimitBecomeATable) {
  add_range(0, 512, "");
  EXPECT_EQ(set.encoding(), Set::Encoding::intset);
  add_range(512, 513, "");
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
  EXPECT_EQ(set.size(), 513u);
}

TEST_F(SetTest, ATextAmongFewIntegersMakesAListpack) {
  add_range(0, 127, "");
  set.add("x", limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::listpack);
  EXPECT_EQ(set.size(), 128u);
  EXPECT_TRUE(set.contains("126"));
}

TEST_F(SetTest, ATextAmongManyIntegersMakesATable) {
  add_range(0, 128, "");
  set.add("x", limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
}

TEST_F(SetTest, ALongMemberMakesATable) {
  set.add("a", limits);
  set.add(std::string(64, 'x'), limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::listpack);
  set.add(std::string(65, 'x'), limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
}

TEST_F(SetTest, AnIntegerLongerThanTheLimitForTextsMakesATable) {
  limits.listpack_value = 3;
  set.add("-100", limits);
  set.add("x", limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
}

TEST_F(SetTest, ExpectingManyStartsInATable) {
  set.expect("x", 129, limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
  set.clear();
  set.expect("1", 513, limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
  set.clear();
  set.add("1", limits);
  set.expect("2", 513, limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::table);
  EXPECT_TRUE(set.contains("1"));
}

TEST_F(SetTest, KeepsMembersOfEveryLength) {
  for (const std::size_t size : {0, 1, 127, 128, 16'383, 16'384, 100'000}) {
    const std::string member(size, 'm');
    EXPECT_TRUE(set.add(member, limits));
    EXPECT_FALSE(set.add(member, limits));
    EXPECT_TRUE(set.contains(member));
  }
  EXPECT_EQ(set.size(), 7u);
  for (const std::size_t size : {16'384, 0, 127, 128}) {
    EXPECT_TRUE(set.remove(std::string(size, 'm')));
  }
  EXPECT_EQ(set.size(), 3u);
}

TEST_F(SetTest, RemovingTheLastMemberFreesTheStorage) {
  for (const std::size_t entries : {std::size_t{0}, std::size_t{128}}) {
    limits.listpack_entries = entries;
    set.add("x", limits);
    EXPECT_TRUE(set.remove("x"));
    EXPECT_EQ(set.storage(), nullptr);
  }
  set.add("1", limits);
  EXPECT_TRUE(set.remove("1"));
  EXPECT_EQ(set.storage(), nullptr);
  EXPECT_FALSE(set.remove("1"));
}

TEST_F(SetTest, PrefersAnIntsetForIntegersOnly) {
  set = Set::create(Set::Encoding::table);
  add_all({"1", "-7", "300000"});
  set.prefer_intset(limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::intset);
  EXPECT_EQ(members_of(set), (std::multiset<std::string>{"1", "-7", "300000"}));
  set.add("x", limits);
  set.prefer_intset(limits);
  EXPECT_EQ(set.encoding(), Set::Encoding::listpack);
}

std::string random_member(base::Rng& rng, bool only_integers) {
  const std::uint64_t number = rng.below(400);
  if (only_integers || rng.below(3) == 0) return std::to_string(number);
  return std::string(rng.below(4) * rng.below(60), 'p') + "m" + std::to_string(number);
}

// The same random changes to a set and to a model.
void duel(Set& set, base::Rng& rng, const SetLimits& limits, bool only_integers, int operations) {
  SetModel model;
  for (int i = 0; i < operations; ++i) {
    const std::string member = random_member(rng, only_integers);
    if (rng.below(5) < 3) {
      ASSERT_EQ(set.add(member, limits), model.insert(member).second);
    } else {
      ASSERT_EQ(set.remove(member), model.erase(member) == 1);
    }
    ASSERT_EQ(set.size(), model.size());
    ASSERT_EQ(set.empty(), model.empty());
    const std::string asked = random_member(rng, only_integers);
    ASSERT_EQ(set.contains(asked), model.count(asked) == 1) << asked;
    if (i % 200 == 0) {
      ASSERT_EQ(members_of(set), as_multiset(model));
    }
  }
}

TEST_F(SetTest, AgreesWithAModelInEveryEncoding) {
  for (const std::size_t entries : {0, 20, 10'000}) {
    for (const bool only_integers : {false, true}) {
      limits = {.intset_entries = entries, .listpack_entries = entries, .listpack_value = 100};
      duel(set, rng, limits, only_integers, 4'000);
      set.clear();
    }
  }
}

TEST_F(SetTest, CopiesAreEqualAndIndependent) {
  for (const std::string prefix : {"", "x"}) {
    for (const int count : {100, 2000}) {
      add_range(0, count, prefix);
      Set copy(Set::copy(set.storage()));
      EXPECT_EQ(copy.encoding(), set.encoding());
      EXPECT_EQ(members_of(copy), members_of(set));
      EXPECT_EQ(Set::footprint(copy.storage()) == 0, false);
      copy.remove(prefix + "1");
      EXPECT_TRUE(set.contains(prefix + "1"));
      copy.clear();
      set.clear();
    }
  }
}

TEST_F(SetTest, ScanReturnsEveryMemberThatStays) {
  add_range(0, 1000, "m");
  SetModel seen;
  std::uint64_t cursor = 0;
  int next = 1000;
  do {
    cursor = set.scan(cursor, 10, [&](const String& member) { seen.insert(text_of(member)); });
    for (int i = 0; i < 20; ++i, ++next) set.add("n" + std::to_string(next), limits);
  } while (cursor != 0);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen.count("m" + std::to_string(i)), 1u);
}

TEST_F(SetTest, SamplesAreDifferentMembers) {
  for (const std::size_t entries : {0, 10'000}) {
    limits.listpack_entries = entries;
    add_range(0, 300, "m");
    for (const std::size_t count : {0, 1, 20, 99, 101, 299, 300, 1000}) {
      std::vector<std::string> picked;
      set.sample(count, rng, [&](const String& member) { picked.push_back(text_of(member)); });
      EXPECT_EQ(picked.size(), std::min<std::size_t>(count, 300));
      const SetModel different(picked.begin(), picked.end());
      EXPECT_EQ(different.size(), picked.size());
      for (const std::string& member : picked) EXPECT_TRUE(set.contains(member));
    }
    set.clear();
  }
}

TEST_F(SetTest, EveryMemberIsPickedEquallyOften) {
  for (const std::size_t count : {1, 3}) {
    add_range(0, 10, "m");
    std::map<std::string, int> picks;
    for (int i = 0; i < 10'000; ++i) {
      set.sample(count, rng, [&](const String& member) { ++picks[text_of(member)]; });
    }
    const double expected = 1000.0 * static_cast<double>(count);
    for (const auto& [member, times] : picks) EXPECT_NEAR(times, expected, 0.2 * expected);
    EXPECT_EQ(picks.size(), 10u);
  }
}

TEST_F(SetTest, PopsTheGivenNumber) {
  for (const std::string prefix : {"", "m"}) {
    for (const std::size_t entries : {0, 10'000}) {
      limits = {.intset_entries = entries, .listpack_entries = entries};
      add_range(0, 300, prefix);
      SetModel taken;
      set.take(120, rng, [&](const String& member) { taken.insert(text_of(member)); });
      EXPECT_EQ(taken.size(), 120u);
      EXPECT_EQ(set.size(), 180u);
      for (const std::string& member : taken) EXPECT_FALSE(set.contains(member));
      set.clear();
    }
  }
}

TEST_F(SetTest, IsFreedInStepsWithAnExactFootprint) {
  limits.listpack_entries = 0;
  add_range(0, 5000, "member:");
  void* storage = set.storage();
  set = Set();
  memory::transfer(memory::Owner::sets, memory::Owner::graveyard,
                   static_cast<std::int64_t>(Set::footprint(storage)));
  const std::int64_t rest = memory::balance(memory::Owner::graveyard) -
                            static_cast<std::int64_t>(Set::footprint(storage));
  base::ManualClock clock;
  int steps = 1;
  for (;; ++steps) {
    base::Budget budget(clock, 0);
    if (Set::destroy_some(storage, memory::Owner::graveyard, budget)) break;
    EXPECT_EQ(memory::balance(memory::Owner::graveyard),
              rest + static_cast<std::int64_t>(Set::footprint(storage)));
    EXPECT_EQ(memory::balance(memory::Owner::sets), before);
  }
  EXPECT_GT(steps, 50);
  EXPECT_EQ(memory::balance(memory::Owner::graveyard), rest);
}

// Sets of random sizes and encodings over the same members, with their models.
class OperationsTest : public SetTest {
 protected:
  void make(std::size_t count, bool only_integers) {
    for (std::size_t i = 0; i < count; ++i) {
      Set one;
      SetModel model;
      const std::size_t entries = rng.below(2) == 0 ? 0 : 10'000;
      const SetLimits any{.intset_entries = entries, .listpack_entries = entries};
      for (std::uint64_t left = rng.below(rng.below(2) == 0 ? 20 : 1500); left > 0; --left) {
        const std::string member = random_member(rng, only_integers);
        one.add(member, any);
        model.insert(member);
      }
      others.push_back(std::move(one));
      models.push_back(std::move(model));
    }
  }
  void clear() {
    for (Set& other : others) other.clear();
    others.clear();
    models.clear();
  }
  SetModel expected(bool (*wanted)(bool in_first, std::size_t in_rest, std::size_t rest)) const {
    SetModel all;
    SetModel result;
    for (const SetModel& model : models) all.insert(model.begin(), model.end());
    for (const std::string& member : all) {
      std::size_t in_rest = 0;
      for (std::size_t i = 1; i < models.size(); ++i) in_rest += models[i].count(member);
      if (wanted(models[0].count(member) == 1, in_rest, models.size() - 1)) result.insert(member);
    }
    return result;
  }

  std::vector<SetModel> models;
};

TEST_F(OperationsTest, AgreeWithTheirDefinitions) {
  for (int round = 0; round < 40; ++round) {
    make(1 + rng.below(round % 10 == 0 ? 20 : 4), round % 3 == 0);
    std::multiset<std::string> found;
    const auto collect = [&](const String& member) { found.insert(text_of(member)); };

    std::vector<StoredSet> order;
    for (const Set& other : others) order.emplace_back(other.storage());
    subtract(std::span<StoredSet>(order), collect);
    EXPECT_EQ(found, as_multiset(expected([](bool first, std::size_t in_rest, std::size_t) {
                return first && in_rest == 0;
              })));
    found.clear();
    unite(std::span<StoredSet>(order), collect);
    EXPECT_EQ(found, as_multiset(expected([](bool first, std::size_t in_rest, std::size_t) {
                return first || in_rest > 0;
              })));
    found.clear();
    intersect(std::span<StoredSet>(order),
              [&](const String& member) { return collect(member), true; });
    EXPECT_EQ(found, as_multiset(expected([](bool first, std::size_t in_rest, std::size_t rest) {
                return first && in_rest == rest;
              })));
    clear();
  }
}

TEST_F(OperationsTest, IntersectionStopsAtTheLimit) {
  for (const bool compact : {false, true}) {
    const std::size_t entries = compact ? 10'000 : 0;
    limits = {.intset_entries = entries, .listpack_entries = entries};
    add_range(0, 500, "");
    std::vector<StoredSet> twice(2, StoredSet(set.storage()));
    int calls = 0;
    intersect(std::span<StoredSet>(twice), [&](const String&) { return ++calls < 7; });
    EXPECT_EQ(calls, 7);
    set.clear();
  }
}

}  // namespace
}  // namespace larder::types
