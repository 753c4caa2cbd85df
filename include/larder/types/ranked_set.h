#pragma once

// The large encoding of sorted sets: an index by member and a tree in order, over the same
// members. Only sorted sets use it.

#include <cstddef>
#include <span>
#include <string_view>

#include "larder/base/hash.h"
#include "larder/types/before_element.h"
#include "larder/types/ranked_tree.h"
#include "larder/types/relocation.h"
#include "larder/types/table.h"

namespace larder::types {

struct RankedTraits {
  using Element = RankedMember;
  static constexpr memory::Owner kOwner = memory::Owner::sorted_sets;
  static std::string_view key(const RankedMember& member) { return member.text(); }
  static std::uint64_t hash(const RankedMember& member) { return base::hash_bytes(member.text()); }
};

class RankedSet {
 public:
  using Index = Table<RankedTraits>;

  RankedSet() = default;
  // Of members that are already in an index, given in their order.
  RankedSet(Index&& index, std::span<RankedMember* const> order, std::size_t member_bytes);
  RankedSet(const RankedSet&) = delete;
  RankedSet& operator=(const RankedSet&) = delete;

  const Index& index() const { return index_; }
  const RankedTree& order() const { return order_; }
  std::size_t size() const { return abandoned_ ? 0 : order_.size(); }
  // With this object itself.
  std::size_t footprint() const;

  RankedMember* find(std::string_view member, std::uint64_t hash) const {
    return index_.find(member, hash);
  }
  // Is called before each change of a member from now on; null: nothing is.
  void watch(BeforeElement* hook) { hook_ = hook; }
  // Prepares an empty set for this many members (table.h).
  void reserve(std::size_t members) { index_.reserve(members); }
  // The member must not be there.
  void add(std::string_view member, std::uint64_t hash, double score);
  void append(std::string_view member, double score);
  // One that the index has already, and that comes after all others.
  void append(RankedMember* member) { order_.append(member); }
  void move(RankedMember* member, std::uint64_t hash, double score);
  void erase(RankedMember* member, std::uint64_t hash);

  // The set is empty from now on; only free_some() may be called.
  void abandon() { abandoned_ = true; }
  bool free_some(memory::Owner owner, base::Budget& budget);
  // See TypeRow::relocate_some. Returns the set, which may have moved.
  static RankedSet* relocate_some(RankedSet* set, Relocation& walk, memory::Mover& mover,
                                  base::Budget& budget);

 private:
  void before_change(std::string_view member, std::uint64_t hash, const RankedMember* known) {
    if (__builtin_expect(hook_ != nullptr, 0)) hook_->before_change(member, hash, known);
  }
  RankedMember* create(std::string_view member, std::uint64_t hash, double score);

  Index index_;
  RankedTree order_;
  std::size_t member_bytes_ = 0;
  BeforeElement* hook_ = nullptr;
  bool abandoned_ = false;
};

}  // namespace larder::types
