#include "larder/types/hash.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;

struct Stored {
  std::string value;
  std::optional<std::int64_t> deadline_ms;
};
using HashModel = std::map<std::string, Stored>;

// A hash and a map that must be equal; checks at the end that the ledger balances.
class HashPair {
 public:
  explicit HashPair(HashLimits limits) : limits_(limits) {}
  ~HashPair() {
    base::Budget budget = base::Budget::unlimited();
    row(Type::hash).destroy_some(hash_.storage(), memory::Owner::hashes, budget);
    EXPECT_EQ(memory::balance(memory::Owner::hashes), before_);
  }

  std::int64_t now = kStart;

  void set(const std::string& name, const std::string& value, FieldDeadline keep) {
    forget_dead();
    EXPECT_EQ(hash_.set(name, value, limits_, now, keep), model_.count(name) == 0);
    Stored& stored = model_[name];
    stored.value = value;
    if (keep == FieldDeadline::drop) stored.deadline_ms.reset();
  }
  void erase(const std::string& name) {
    forget_dead();
    EXPECT_EQ(hash_.erase(name, now), model_.erase(name) == 1);
  }
  void deadline(const std::string& name, std::optional<std::int64_t> at) {
    forget_dead();
    const auto found = model_.find(name);
    EXPECT_EQ(hash_.set_deadline(name, at, now), found != model_.end());
    if (found != model_.end()) found->second.deadline_ms = at;
  }
  // Frees expired fields, a few buckets at a time.
  void expire() {
    const TypeRow& hashes = row(Type::hash);
    while (!hashes.expire_some(
        hash_.storage(), now, 2, [](void*, std::string_view) {}, nullptr)) {
    }
    forget_dead();
  }
  void take_copy() {
    void* copy = row(Type::hash).copy(hash_.storage());
    base::Budget budget = base::Budget::unlimited();
    row(Type::hash).destroy_some(hash_.storage(), memory::Owner::hashes, budget);
    hash_ = Hash(copy);
  }

  void check() {
    forget_dead();
    EXPECT_EQ(hash_.live_size(now), model_.size());
    HashModel seen;
    hash_.for_each(now, [&](const String& name, const String& value) {
      String::Scratch a;
      String::Scratch b;
      const std::string key(name.text(a));
      EXPECT_TRUE(
          seen.insert({key, {std::string(value.text(b)), hash_.deadline(key, now)}}).second);
    });
    ASSERT_EQ(seen.size(), model_.size());
    for (const auto& [name, stored] : model_) {
      String::Scratch digits;
      ASSERT_EQ(hash_.get(name, now)->text(digits), stored.value);
      EXPECT_EQ(hash_.get(name, now)->size(), stored.value.size());
      EXPECT_EQ(seen[name].value, stored.value);
      EXPECT_EQ(seen[name].deadline_ms, stored.deadline_ms);
      if (stored.deadline_ms && hash_.size() == model_.size()) {
        EXPECT_LE(row(Type::hash).next_deadline(hash_.storage()),
                  std::max(*stored.deadline_ms, now + 1000));
      }
    }
    EXPECT_EQ(static_cast<std::int64_t>(row(Type::hash).footprint(hash_.storage())),
              memory::balance(memory::Owner::hashes) - before_);
  }
  const Hash& hash() const { return hash_; }
  const HashModel& model() const { return model_; }

 private:
  void forget_dead() {
    for (auto at = model_.begin(); at != model_.end();) {
      at = at->second.deadline_ms && *at->second.deadline_ms <= now ? model_.erase(at)
                                                                    : std::next(at);
    }
  }

  HashLimits limits_;
  std::int64_t before_ = memory::balance(memory::Owner::hashes);
  Hash hash_{nullptr};
  HashModel model_;
};

std::string some_value(base::Rng& rng) {
  switch (rng.below(6)) {
    case 0:
      return std::to_string(static_cast<std::int64_t>(rng.next()) >> rng.below(60));
    case 1:
      return std::string(rng.below(600), 'x');
    default:
      return "value " + std::to_string(rng.below(1000)) + std::string(rng.below(40), '.');
  }
}

void play(HashPair& pair, std::uint64_t seed, int steps, std::uint64_t names, bool deadlines) {
  base::Rng rng(seed);
  for (int i = 0; i < steps; ++i) {
    const std::string name = rng.below(50) == 0 ? std::string(300 + rng.below(3), 'n')
                                                : std::to_string(rng.below(names));
    switch (rng.below(deadlines ? 9 : 5)) {
      case 0:
        pair.erase(name);
        break;
      case 5:
      case 6:
        pair.deadline(name, pair.now + 1 + static_cast<std::int64_t>(rng.below(3000)));
        break;
      case 7:
        pair.deadline(name, std::nullopt);
        break;
      case 8:
        pair.now += static_cast<std::int64_t>(rng.below(100));
        if (rng.below(4) == 0) pair.expire();
        break;
      default:
        pair.set(name, some_value(rng),
                 rng.below(2) == 0 ? FieldDeadline::drop : FieldDeadline::keep);
    }
    if (i % 500 == 0) {
      pair.check();
      if (::testing::Test::HasFailure()) return;
    }
  }
  pair.take_copy();
  pair.check();
}

TEST(Hash, AgreesWithAMapInEachEncodingAndAcrossConversions) {
  for (const HashLimits limits : {HashLimits{512, 1024}, HashLimits{0, 64}, HashLimits{50, 64}}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      HashPair pair(limits);
      play(pair, seed, 3000, 20 << seed, false);
    }
  }
}

TEST(Hash, AgreesWithAMapWhereFieldsHaveDeadlines) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    HashPair pair({100, 64});
    play(pair, seed, 8000, 10 << (2 * seed - 2), true);
    pair.now += 10'000;
    pair.check();
    pair.expire();
    pair.now += 1000;
    pair.expire();
    EXPECT_EQ(pair.hash().size(), pair.model().size());
  }
}

TEST(Hash, ConvertsToATableWhenALimitIsExceeded) {
  HashPair pair({3, 5});
  for (const char* name : {"a", "b", "c"}) pair.set(name, "12345", FieldDeadline::drop);
  EXPECT_EQ(pair.hash().table(), nullptr);
  pair.set("d", "1", FieldDeadline::drop);
  EXPECT_NE(pair.hash().table(), nullptr);
  pair.check();

  HashPair longer({3, 5});
  longer.set("a", "123456", FieldDeadline::drop);
  EXPECT_NE(longer.hash().table(), nullptr);
}

TEST(Hash, OfExpiredFieldsShowsNothing) {
  HashPair pair({512, 64});
  for (int i = 0; i < 300; ++i) {
    pair.set(std::to_string(i), "v", FieldDeadline::drop);
    pair.deadline(std::to_string(i), kStart + 1 + i % 2);
  }
  pair.now = kStart + 2;
  base::Rng rng(1);
  EXPECT_FALSE(pair.hash().random(rng, pair.now));
  EXPECT_EQ(pair.hash().live_size(pair.now), 0u);
  EXPECT_FALSE(pair.hash().get("7", pair.now));
  EXPECT_FALSE(pair.hash().contains("7", pair.now));
  pair.check();
  pair.expire();
  EXPECT_TRUE(pair.hash().empty());
  pair.set("7", "again", FieldDeadline::keep);
  EXPECT_FALSE(pair.hash().deadline("7", pair.now));
}

TEST(Hash, MovesNothingIfTheSizeIsKnown) {
  HashPair pair({0, 64});
  for (int i = 0; i < 30'000; ++i) pair.set("f" + std::to_string(i), "v", FieldDeadline::drop);
  EXPECT_GT(pair.hash().table()->fields().moved_slots(), 30'000u);
  pair.take_copy();
  EXPECT_LE(pair.hash().table()->fields().moved_slots(), 30'000u / 4);

  const HashLimits limits{512, 64};
  Hash other(nullptr);
  other.expect(30'000, limits);
  for (int i = 0; i < 30'000; ++i) other.set("f" + std::to_string(i), "v", limits, pair.now);
  EXPECT_LE(other.table()->fields().moved_slots(), 30'000u / 4);
  base::Budget budget = base::Budget::unlimited();
  EXPECT_TRUE(row(Type::hash).destroy_some(other.storage(), memory::Owner::hashes, budget));
}

TEST(Hash, IsScannedCompletelyWhileItGrows) {
  HashPair pair({0, 64});
  for (int i = 0; i < 1000; ++i) pair.set("f" + std::to_string(i), "v", FieldDeadline::drop);
  std::map<std::string, int> seen;
  std::uint64_t cursor = 0;
  int more = 0;
  do {
    cursor = pair.hash().scan(cursor, 20, pair.now, [&](const String& name, const String&) {
      String::Scratch digits;
      ++seen[std::string(name.text(digits))];
    });
    for (int i = 0; i < 20; ++i) {
      pair.set("g" + std::to_string(more++), "v", FieldDeadline::drop);
    }
  } while (cursor != 0);
  for (int i = 0; i < 1000; ++i) EXPECT_GE(seen["f" + std::to_string(i)], 1) << i;
}

TEST(Hash, PicksEachFieldWithTheSameProbability) {
  for (const HashLimits limits : {HashLimits{512, 64}, HashLimits{0, 64}}) {
    HashPair pair(limits);
    for (int i = 0; i < 20; ++i) pair.set(std::to_string(i), "v", FieldDeadline::drop);
    base::Rng rng(9);
    std::map<std::string, int> picked;
    for (int i = 0; i < 20'000; ++i) {
      String::Scratch digits;
      ++picked[std::string(pair.hash().random(rng, pair.now)->first.text(digits))];
    }
    ASSERT_EQ(picked.size(), 20u);
    for (const auto& [name, count] : picked) EXPECT_NEAR(count, 1000, 200) << name;
  }
}

TEST(Hash, IsDestroyedInSteps) {
  // A clock that advances beyond the budget at each reading: one step a call.
  struct Slow final : base::Clock {
    void tick() override {}
    std::int64_t steady_now_us() const override { return at += 1000; }
    mutable std::int64_t at = 0;
  } clock;
  const auto before = memory::balance(memory::Owner::hashes);
  Hash hash(nullptr);
  for (int i = 0; i < 10'000; ++i) hash.set(std::to_string(i), "v", {0, 64}, kStart);
  int steps = 0;
  std::size_t left = row(Type::hash).footprint(hash.storage());
  for (;; ++steps) {
    base::Budget budget(clock, 1);
    if (row(Type::hash).destroy_some(hash.storage(), memory::Owner::hashes, budget)) break;
    const std::size_t now = row(Type::hash).footprint(hash.storage());
    ASSERT_LT(now, left);
    ASSERT_EQ(static_cast<std::int64_t>(now), memory::balance(memory::Owner::hashes) - before);
    left = now;
  }
  EXPECT_GT(steps, 100);
  EXPECT_EQ(memory::balance(memory::Owner::hashes), before);
}

TEST(HashField, OverheadIsThreeBytes) {
  HashField* field = HashField::create("element:000", "value:00000", std::nullopt);
  EXPECT_EQ(field->footprint(), memory::dataset_class(3 + 11 + 11));
  field = field->with_deadline(kStart);
  EXPECT_EQ(field->footprint(), memory::dataset_class(3 + 8 + 11 + 11));
  EXPECT_EQ(field->deadline_ms(), kStart);
  field = field->with_value("1234567890123456789", kStart);
  EXPECT_EQ(field->footprint(), memory::dataset_class(3 + 8 + 11 + 8));
  EXPECT_EQ(field->value().number(), 1234567890123456789);
  EXPECT_EQ(field->name(), "element:000");
  HashField::destroy(memory::Owner::hashes, field);
}

}  // namespace
}  // namespace larder::types
