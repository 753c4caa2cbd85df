#include "larder/types/sorted_set_fill.h"

#include <utility>

#include "larder/base/hash.h"

namespace larder::types {
namespace {

constexpr auto kOwner = SortedSet::kOwner;

}  // namespace

SortedSetFill::SortedSetFill(std::size_t members) : fill_(members_, members) {
  members_.reserve(members);
  order_.reserve(members);
}

SortedSetFill::~SortedSetFill() {
  clear([] {});
}

// After a repeated member no set is built, so further members are ignored.
void SortedSetFill::add(std::string_view member, double score) {
  if (!all_new_) return;
  const Ranked made{score, RankedMember::create(kOwner, member, score)};
  member_bytes_ += made.member->footprint();
  if (!order_.empty()) {
    rises_ = rises_ && order_.back().is_before(made);
    falls_ = falls_ && made.is_before(order_.back());
  }
  order_.push_back(made);
  fill_.add(made.member, base::hash_bytes(member),
            [this](RankedMember* twin) { release_twin(twin); });
}

void SortedSetFill::release_twin(RankedMember* twin) {
  all_new_ = false;
  RankedMember::release(kOwner, twin);
}

bool SortedSetFill::insert_waiting() {
  fill_.flush([this](RankedMember* twin) { release_twin(twin); });
  return all_new_;
}

SortedSet SortedSetFill::begin_set() {
  return SortedSet::adopt(std::move(members_), {}, std::exchange(member_bytes_, 0));
}

}  // namespace larder::types
