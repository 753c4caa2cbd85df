#pragma once

// Movers for tests, and values with a text of their contents.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/memory/heap.h"
#include "larder/memory/mover.h"
#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"
#include "larder/types/stream.h"
#include "larder/types/type.h"

namespace larder::types::relocation {

// Moves blocks, overwrites what they leave, and remembers both addresses. A block that moves twice
// within a pass, or whose bytes are released, fails the test.
class TestMover final : public memory::Mover {
 public:
  // Moves each block, or one of `of` that are offered; of those it refuses one of `of` late.
  explicit TestMover(unsigned of = 1) : of_(of), rng_(of) {}

  bool wants(const void* block) const override {
    EXPECT_NE(block, nullptr);
    return of_ == 1 || rng_.below(of_) == 0;
  }
  void* move(memory::Owner owner, void* block, std::size_t bytes) override {
    if (refuses()) return nullptr;
    void* const to = memory::allocate(owner, bytes);
    copy(to, block, bytes);
    memory::release(owner, block, bytes);
    return to;
  }
  void* move_aligned(memory::Owner owner, void* block, std::size_t bytes,
                     std::size_t alignment) override {
    if (refuses()) return nullptr;
    void* const to = memory::allocate_aligned(owner, bytes, alignment);
    copy(to, block, bytes);
    memory::release_aligned(owner, block, bytes, alignment);
    return to;
  }

  void begin_pass() {
    to_.clear();
    from_.clear();
    moved_bytes_ = 0;
  }
  std::size_t moved() const { return from_.size(); }
  std::size_t moved_bytes() const { return moved_bytes_; }
  // Whether this was in a block that moved.
  bool has_moved(const void* address) const {
    const auto after = from_.upper_bound(static_cast<const char*>(address));
    if (after == from_.begin()) return false;
    const auto& [block, bytes] = *std::prev(after);
    return static_cast<const char*>(address) < block + bytes;
  }
  bool expects_once = false;

 private:
  bool refuses() { return of_ > 1 && rng_.below(of_) == 0; }
  void copy(void* to, void* from, std::size_t bytes) {
    std::memcpy(to, from, bytes);
    std::memset(from, 0xdb, bytes);
    if (expects_once) {
      EXPECT_EQ(to_.count(from), 0u);
    }
    to_.insert(to);
    from_[static_cast<const char*>(from)] = bytes;
    moved_bytes_ += memory::dataset_class(bytes);
  }

  const unsigned of_;
  mutable base::Rng rng_;
  std::unordered_set<const void*> to_;
  std::map<const char*, std::size_t> from_;
  std::size_t moved_bytes_ = 0;
};

// A value that is walked over in steps as short as possible.
class Relocated {
 public:
  Relocated(Type type, memory::Mover& mover) : type_(type), mover_(mover) {}

  // True at the end of a pass.
  bool step(void*& storage) {
    base::Budget spent(clock_, 0);
    storage = row(type_).relocate_some(storage, walk, mover_, spent);
    if (!walk.done) return false;
    walk = {};
    return true;
  }

  Relocation walk;

 private:
  const Type type_;
  memory::Mover& mover_;
  base::ManualClock clock_;
};

inline std::string text_of(const String& value) {
  String::Scratch scratch;
  return std::string(value.text(scratch));
}

inline std::string text_of(StreamId id) {
  StreamIdScratch scratch;
  return std::string(print(id, scratch));
}

using Contents = std::vector<std::string>;

inline Contents contents_of(const Stream& stream) {
  Contents contents;
  StreamReader reader(stream, StreamId::least(), StreamId::most());
  while (reader.next()) {
    std::string entry = text_of(reader.id());
    for (std::uint64_t i = 0; i < 2 * reader.fields(); ++i) entry += " " + text_of(reader.text());
    contents.push_back(entry);
  }
  for (const Group* group : stream.groups()) {
    contents.push_back("group " + std::string(group->name()) + " " + text_of(group->last_id));
    const PendingIndex& index = group->pending;
    for (auto at = index.first(); index.valid(at); at = index.next(at)) {
      contents.push_back(text_of(index[at]->id) + " of " +
                         std::string(index[at]->consumer()->name()));
    }
    for (const Consumer* consumer : group->consumers) {
      contents.push_back("consumer " + std::string(consumer->name()));
      const PendingIndex& own = consumer->pending;
      for (auto at = own.first(); own.valid(at); at = own.next(at)) {
        EXPECT_EQ(own[at]->consumer(), consumer);
        contents.push_back("has " + text_of(own[at]->id));
      }
    }
  }
  return contents;
}

// All that a value contains, in its order if it has one; read through its functions for searching
// too.
inline Contents contents_of(Type type, const void* storage) {
  Contents contents;
  switch (type) {
    case Type::string:
      contents.emplace_back(static_cast<const Blob*>(storage)->view());
      break;
    case Type::list:
      for (auto at = ReadOnly<List>(storage)->at(0); !at.done(); at.next()) {
        contents.push_back(text_of(at.get()));
      }
      break;
    case Type::hash: {
      const ReadOnly<Hash> hash(storage);
      hash->for_each(0, [&](const String& name, const String& value) {
        const std::string key = text_of(name);
        EXPECT_TRUE(hash->contains(key, 0));
        const auto deadline = hash->deadline(key, 0);
        contents.push_back(key + "=" + text_of(value) + "@" + std::to_string(deadline.value_or(0)));
      });
      std::sort(contents.begin(), contents.end());
      break;
    }
    case Type::set: {
      const ReadOnly<Set> set(storage);
      set->for_each([&](const String& member) {
        contents.push_back(text_of(member));
        EXPECT_TRUE(set->contains(contents.back()));
      });
      std::sort(contents.begin(), contents.end());
      break;
    }
    case Type::sorted_set: {
      const ReadOnly<SortedSet> set(storage);
      std::size_t rank = 0;
      if (!set->empty()) {
        for (auto at = set->at(0); at; at.next(), ++rank) {
          const std::string member = text_of(at.member());
          const auto ranked = set->rank(member);
          EXPECT_TRUE(ranked && ranked->rank == rank);
          contents.push_back(member + "=" + std::to_string(at.score()));
        }
        for (auto at = set->at(set->size() - 1); at; at.previous()) --rank;
      }
      EXPECT_EQ(rank, 0u);
      break;
    }
    case Type::stream:
      return contents_of(*ReadOnly<Stream>(storage));
  }
  return contents;
}

// Frees a value, and checks that its owner has what it had before.
class Owned {
 public:
  explicit Owned(Type type) : type_(type), before_(held()) {}
  ~Owned() {
    expect_footprint();
    base::Budget budget = base::Budget::unlimited();
    if (storage != nullptr) row(type_).destroy_some(storage, row(type_).owner, budget);
    EXPECT_EQ(held(), before_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  std::size_t footprint() const { return storage == nullptr ? 0 : row(type_).footprint(storage); }
  // `others` are bytes of the same owner that are not this value's.
  void expect_footprint(std::size_t others = 0) const {
    EXPECT_EQ(held() - before_, static_cast<std::int64_t>(footprint() + others));
  }
  Contents contents() const { return contents_of(type_, storage); }
  Type type() const { return type_; }

  void* storage = nullptr;

 private:
  std::int64_t held() const { return memory::balance(row(type_).owner); }

  const Type type_;
  const std::int64_t before_;
};

}  // namespace larder::types::relocation
