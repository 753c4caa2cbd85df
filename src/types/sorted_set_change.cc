// The functions that change a sorted set, and its conversions.

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <optional>
#include <utility>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"
#include "larder/types/sorted_set.h"
#include "packed_sorted_set.h"

namespace larder::types {
namespace {

using Outcome = SortedSet::Outcome;
using Place = ListpackView::Place;

constexpr auto kOwner = SortedSet::kOwner;
constexpr Place kEnd = ListpackView::kEnd;

// Applies the rule to a member with the score `old`.
SortedSet::Put apply_rule(double old, double score, const SortedSet::Rule& rule) {
  if (rule.only_new) return {Outcome::refused, old};
  if (rule.adds) {
    score += old;
    if (std::isnan(score)) return {Outcome::not_a_number, old};
  }
  if ((rule.only_less && score >= old) || (rule.only_greater && score <= old)) {
    return {Outcome::refused, old};
  }
  return {score == old ? Outcome::unchanged : Outcome::updated, score};
}

RankedSet* create_ranked(std::size_t members) {
  auto* set = new (memory::allocate(kOwner, sizeof(RankedSet))) RankedSet;
  set->reserve(members);
  return set;
}

// Removes some of the `most` members from this rank on; returns how many. Their positions in the
// index, which are scattered, are fetched at the same time.
std::size_t erase_batch(RankedSet& set, std::size_t rank, std::size_t most) {
  std::array<RankedMember*, 32> members;
  std::array<std::uint64_t, members.size()> hashes;
  const std::size_t count = std::min(most, members.size());
  RankedTree::Place place = set.order().at(rank);
  for (std::size_t i = 0; i < count; ++i, place.next()) {
    members[i] = place.member();
    base::prefetch(members[i]);
  }
  for (std::size_t i = 0; i < count; ++i) {
    hashes[i] = base::hash_bytes(members[i]->text());
    set.index().prefetch(hashes[i]);
  }
  for (std::size_t i = 0; i < count; ++i) set.erase(members[i], hashes[i]);
  return count;
}

// `member` is already at `known`.
SortedSet::Put put_packed(Listpack& pack, Place known, std::string_view member, double score,
                          const SortedSet::Rule& rule) {
  const SortedSet::Put put = apply_rule(packed::score_of(pack, known), score, rule);
  if (put.outcome != Outcome::updated) return put;
  pack.erase(kOwner, known, 2);
  packed::insert(pack, packed::find_place(pack, put.score, member), member, put.score);
  return put;
}

}  // namespace

SortedSet SortedSet::adopt(Table<RankedTraits>&& index, std::span<RankedMember* const> order,
                           std::size_t member_bytes) {
  void* block = memory::allocate(kOwner, sizeof(RankedSet));
  auto* set = new (block) RankedSet(std::move(index), order, member_bytes);
  return SortedSet(reinterpret_cast<char*>(set) + kRanked);
}

// Whether one more member exceeds the limits of a listpack.
bool SortedSet::is_full_for(std::string_view member, const Limits& limits) const {
  return size() + 1 > limits.entries || member.size() > limits.member_bytes ||
         view().bytes() + Listpack::cost(member) > Listpack::kMostBytes;
}

void SortedSet::expect(std::size_t entries, std::size_t member_bytes, const Limits& limits) {
  if (storage_ != nullptr) {
    if (is_packed() && entries > limits.entries) unpack();
    return;
  }
  if (entries <= limits.entries && member_bytes <= limits.member_bytes) {
    storage_ = Listpack::create(kOwner).block();
  } else {
    storage_ = reinterpret_cast<char*>(create_ranked(entries)) + kRanked;
  }
}

SortedSet::Put SortedSet::put(std::string_view member, double score, const Rule& rule,
                              const Limits& limits) {
  if (storage_ == nullptr) expect(1, member.size(), limits);
  if (is_packed()) {
    Listpack pack(storage_);
    const Place known = packed::find(pack, member);
    if (known != kEnd) {
      const Put put = put_packed(pack, known, member, score, rule);
      storage_ = pack.block();
      return put;
    }
    if (rule.only_known) return {Outcome::refused, 0};
    if (!is_full_for(member, limits)) {
      packed::insert(pack, packed::find_place(pack, score, member), member, score);
      storage_ = pack.block();
      return {Outcome::added, score};
    }
    unpack();
  }
  RankedSet& set = *ranked();
  const std::uint64_t hash = base::hash_bytes(member);
  if (RankedMember* known = set.find(member, hash)) {
    const Put put = apply_rule(known->score(), score, rule);
    if (put.outcome == Outcome::updated) set.move(known, hash, put.score);
    return put;
  }
  if (rule.only_known) return {Outcome::refused, 0};
  set.add(member, hash, score);
  return {Outcome::added, score};
}

void SortedSet::append(std::string_view member, double score, const Limits& limits) {
  if (storage_ == nullptr) expect(1, member.size(), limits);
  if (is_packed()) {
    if (!is_full_for(member, limits)) {
      Listpack pack(storage_);
      packed::insert(pack, kEnd, member, score);
      storage_ = pack.block();
      return;
    }
    unpack();
  }
  ranked()->append(member, score);
}

void SortedSet::append(RankedMember* member) { ranked()->append(member); }

bool SortedSet::erase(std::string_view member) {
  if (empty()) return false;
  if (is_packed()) {
    Listpack pack(storage_);
    const Place place = packed::find(pack, member);
    if (place == kEnd) return false;
    pack.erase(kOwner, place, 2);
    storage_ = pack.block();
    return true;
  }
  const std::uint64_t hash = base::hash_bytes(member);
  RankedMember* found = ranked()->find(member, hash);
  if (found == nullptr) return false;
  ranked()->erase(found, hash);
  return true;
}

void SortedSet::erase(RankRange range) {
  if (range.size() == 0) return;
  if (is_packed()) {
    Listpack pack(storage_);
    pack.erase(kOwner, pack.at(static_cast<std::int64_t>(range.first) * 2), range.size() * 2);
    storage_ = pack.block();
    return;
  }
  RankedSet& set = *ranked();
  if (range.size() == set.size()) return set.abandon();
  for (std::size_t left = range.size(); left > 0;) left -= erase_batch(set, range.first, left);
}

void SortedSet::unpack() {
  RankedSet* set = create_ranked(size());
  Listpack pack(storage_);
  String::Scratch scratch;
  for (Place at = pack.first(); at != kEnd; at = packed::next(pack, at)) {
    set->append(pack.get(at).text(scratch), packed::score_of(pack, at));
  }
  pack.destroy(kOwner);
  storage_ = reinterpret_cast<char*>(set) + kRanked;
}

void SortedSet::pack(const Limits& limits) {
  if (storage_ == nullptr || is_packed() || size() > limits.entries) return;
  std::size_t bytes = 0;
  for (Cursor at = this->at(0); at; at.next()) {
    if (at.member().size() > limits.member_bytes) return;
    bytes += at.member().size() + base::kDoubleChars;
  }
  if (bytes > Listpack::kMostBytes) return;
  Listpack pack = Listpack::create(kOwner);
  String::Scratch scratch;
  for (Cursor at = this->at(0); at; at.next()) {
    packed::insert(pack, kEnd, at.member().text(scratch), at.score());
  }
  destroy();
  storage_ = pack.block();
}

void SortedSet::destroy() {
  if (storage_ == nullptr) return;
  base::Budget unlimited = base::Budget::unlimited();
  row(kType).destroy_some(storage_, kOwner, unlimited);
  storage_ = nullptr;
}

}  // namespace larder::types
