#include "larder/types/ranked_set.h"

#include <utility>

#include "larder/memory/heap.h"
#include "relocate_table.h"

namespace larder::types {
namespace {

constexpr auto kOwner = RankedTraits::kOwner;

}  // namespace

RankedSet::RankedSet(Index&& index, std::span<RankedMember* const> order, std::size_t member_bytes)
    : index_(std::move(index)), member_bytes_(member_bytes) {
  for (RankedMember* member : order) order_.append(member);
}

std::size_t RankedSet::footprint() const {
  return memory::dataset_class(sizeof *this) + index_.bytes() + order_.bytes() + member_bytes_;
}

RankedMember* RankedSet::create(std::string_view member, std::uint64_t hash, double score) {
  before_change(member, hash, nullptr);
  RankedMember* made = RankedMember::create(kOwner, member, score);
  member_bytes_ += made->footprint();
  index_.insert(made, hash);
  return made;
}

void RankedSet::add(std::string_view member, std::uint64_t hash, double score) {
  order_.insert(create(member, hash, score));
}

void RankedSet::append(std::string_view member, double score) {
  order_.append(create(member, base::hash_bytes(member), score));
}

void RankedSet::move(RankedMember* member, std::uint64_t hash, double score) {
  before_change(member->text(), hash, member);
  order_.move(member, score);
}

void RankedSet::erase(RankedMember* member, std::uint64_t hash) {
  before_change(member->text(), hash, member);
  index_.erase(member, hash);
  order_.erase(member);
  member_bytes_ -= member->footprint();
  RankedMember::release(kOwner, member);
}

bool RankedSet::free_some(memory::Owner owner, base::Budget& budget) {
  // The table releases its blocks from its own owner, to which they are no longer charged.
  const std::uint64_t before = index_.bytes();
  const bool no_members = index_.clear_some(budget, [&](RankedMember* member) {
    member_bytes_ -= member->footprint();
    RankedMember::release(owner, member);
  });
  memory::transfer(owner, kOwner, static_cast<std::int64_t>(before - index_.bytes()));
  return no_members && order_.free_some(owner, budget);
}

RankedSet* RankedSet::relocate_some(RankedSet* set, Relocation& walk, memory::Mover& mover,
                                    base::Budget& budget) {
  enum Part : std::uint8_t { kHead, kMembers, kNodes };
  if (set->hook_ != nullptr) {
    walk.done = true;
    return set;
  }
  if (walk.part == kHead) {
    if (memory::offer(mover, kOwner, set, sizeof(RankedSet))) set->index_.relocated();
    walk.begin(kMembers);
  }
  if (walk.part == kMembers) {
    const auto move = [set, &mover](RankedMember* member) {
      RankedMember*& in_order = set->order_.pointer_to(member);
      const bool moved = memory::offer(mover, kOwner, in_order, member->bytes());
      return moved ? in_order : nullptr;
    };
    if (!relocate_table(set->index_, walk, mover, budget, move)) return set;
    walk.begin(kNodes);
  }
  constexpr std::uint32_t kStride = 16;
  while (walk.position < set->order_.size()) {
    walk.position = set->order_.relocate_leaf(walk.position, mover);
    if (budget.spent(kStride)) return set;
  }
  walk.done = true;
  return set;
}

}  // namespace larder::types
