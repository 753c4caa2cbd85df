#include "larder/types/set_batch.h"

namespace larder::types {

void MemberBatch::hash() {
  if (hashed_) return;
  hashed_ = true;
  for (unsigned i = 0; i < size_; ++i) {
    Member& member = members_[i];
    member.text = member.value.text(member.digits);
    member.hash = base::hash_bytes(member.text);
  }
}

MemberMask MemberBatch::found_in(const Set& set, MemberMask among) {
  if (among == 0 || set.empty()) return 0;
  if (const MemberTable* table = set.table()) return found_in_table(*table, among);
  const bool integers = set.encoding() == Set::Encoding::intset;
  MemberMask found = 0;
  for (MemberMask mask = among; mask != 0; mask &= mask - 1) {
    Member& member = members_[first_of(mask)];
    const bool here = integers && member.value.is_number()
                          ? set.intset().contains(member.value.number())
                          : set.contains(member.value.text(member.digits));
    if (here) found |= mask & -mask;
  }
  return found;
}

MemberMask MemberBatch::found_in_table(const MemberTable& table, MemberMask among) {
  hash();
  for (MemberMask mask = among; mask != 0; mask &= mask - 1) {
    table.prefetch(members_[first_of(mask)].hash);
  }
  for (MemberMask mask = among; mask != 0; mask &= mask - 1) {
    if (table.prefetch_candidate(members_[first_of(mask)].hash) == nullptr)
      among &= ~(mask & -mask);
  }
  MemberMask found = 0;
  for (MemberMask mask = among; mask != 0; mask &= mask - 1) {
    const Member& member = members_[first_of(mask)];
    if (table.find(member.text, member.hash) != nullptr) found |= mask & -mask;
  }
  return found;
}

}  // namespace larder::types
