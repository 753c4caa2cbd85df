#include "larder/types/sorted_set_gatherer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::types {
namespace {

constexpr auto kOwner = SortedSet::kOwner;

}  // namespace

SortedSetGatherer::~SortedSetGatherer() {
  base::Budget unlimited = base::Budget::unlimited();
  members_.clear_some(unlimited,
                      [](RankedMember* member) { RankedMember::release(kOwner, member); });
}

void SortedSetGatherer::put(std::string_view member, std::uint64_t hash, double score) {
  RankedMember* made = RankedMember::create(kOwner, member, score);
  member_bytes_ += made->footprint();
  members_.insert(made, hash);
}

RankedMember* SortedSetGatherer::find_or_add(std::string_view member, double score) {
  const std::uint64_t hash = base::hash_bytes(member);
  if (RankedMember* known = members_.find(member, hash)) return known;
  put(member, hash, score);
  return nullptr;
}

void SortedSetGatherer::add(std::string_view member, double score) {
  put(member, base::hash_bytes(member), score);
}

SortedSet SortedSetGatherer::finish(const SortedSet::Limits& limits) {
  if (members_.empty()) return SortedSet(nullptr);
  std::vector<RankedMember*, memory::Allocator<RankedMember*, memory::Owner::runtime>> order;
  order.reserve(members_.size());
  members_.for_each([&order](RankedMember* member) { order.push_back(member); });
  std::sort(order.begin(), order.end(), [](const RankedMember* a, const RankedMember* b) {
    return a->is_before(b->score(), b->text());
  });
  SortedSet made = SortedSet::adopt(std::move(members_), order, std::exchange(member_bytes_, 0));
  made.pack(limits);
  return made;
}

}  // namespace larder::types
