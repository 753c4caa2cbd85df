#pragma once

// Up to 32 members that are looked for in sets together, so that their cache misses are under
// way at the same time.

#include <array>
#include <cstdint>

#include "larder/types/set.h"

namespace larder::types {

// Members of a batch, one bit for each.
using MemberMask = std::uint32_t;

// It has views, which are valid until one of the sets changes.
class MemberBatch {
 public:
  static constexpr unsigned kMost = 32;

  unsigned size() const { return size_; }
  bool full() const { return size_ == kMost; }
  void clear() { size_ = 0, hashed_ = false; }
  void add(const String& member) { members_[size_++].value = member; }

  const String& operator[](unsigned i) const { return members_[i].value; }
  MemberMask all() const { return size_ == kMost ? ~MemberMask{0} : (MemberMask{1} << size_) - 1; }

  // Those of `among` that are members of `set`.
  MemberMask found_in(const Set& set, MemberMask among);

  // Calls fn(String) for each bit.
  template <typename Fn>
  void for_each(MemberMask mask, Fn&& fn) const {
    for (; mask != 0; mask &= mask - 1) fn(members_[first_of(mask)].value);
  }

 private:
  struct Member {
    String value{std::int64_t{0}};
    std::string_view text;
    std::uint64_t hash = 0;
    String::Scratch digits;
  };

  static unsigned first_of(MemberMask mask) {
    return static_cast<unsigned>(std::countr_zero(mask));
  }
  void hash();
  MemberMask found_in_table(const MemberTable& table, MemberMask among);

  unsigned size_ = 0;
  bool hashed_ = false;
  std::array<Member, kMost> members_;
};

// Calls fn(MemberBatch&) on all members of the set in turn until it returns false. Members of a
// table come in the order that all sets share, so that another table is probed from front to back.
template <typename Fn>
void for_each_batch(const Set& set, Fn fn) {
  MemberBatch batch;
  bool going = true;
  const auto hand_over = [&] {
    going = going && fn(batch);
    batch.clear();
  };
  const auto push = [&](const String& member) {
    batch.add(member);
    if (batch.full()) hand_over();
  };
  if (const MemberTable* table = set.table()) {
    std::array<const SetMember*, MemberBatch::kMost> fetched;
    unsigned count = 0;
    const auto drain = [&] {
      for (unsigned i = 0; i < count && going; ++i) push(String(fetched[i]->text()));
      count = 0;
    };
    std::uint64_t cursor = 0;
    do {
      cursor = table->scan(cursor, [&](const SetMember* member) {
        __builtin_prefetch(member);
        fetched[count++] = member;
        if (count == fetched.size()) drain();
      });
    } while (cursor != 0 && going);
    drain();
  } else {
    set.for_each([&](const String& member) {
      if (going) push(member);
    });
  }
  if (batch.size() > 0) hand_over();
}

}  // namespace larder::types
