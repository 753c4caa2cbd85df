#include "larder/keyspace/before_change.h"

#include <algorithm>

#include "larder/base/assert.h"

namespace larder::keyspace {

void BeforeChanges::add(BeforeChange& hook) {
  LARDER_ASSERT(count_ < kMost);
  hooks_[count_++] = &hook;
}

void BeforeChanges::remove(BeforeChange& hook) {
  auto* const end = hooks_.data() + count_;
  auto* const kept = std::remove(hooks_.data(), end, &hook);
  LARDER_ASSERT(kept + 1 == end);
  --count_;
}

void BeforeChanges::call_before_change(int db, std::uint64_t hash, Entry& entry,
                                       Intent intent) const {
  for (std::size_t i = 0; i < count_; ++i) hooks_[i]->before_change(db, hash, entry, intent);
}

void BeforeChanges::call_placed(int db, std::uint64_t hash, Entry& entry,
                                const Entry* before) const {
  if (before != nullptr) entry.marks(before->marks());
  for (std::size_t i = 0; i < count_; ++i) hooks_[i]->placed(db, hash, entry, before);
}

bool BeforeChanges::any_defers_expiry(int db, std::uint64_t hash, const Entry& entry) const {
  return std::any_of(hooks_.data(), hooks_.data() + count_,
                     [&](BeforeChange* hook) { return hook->defers_expiry(db, hash, entry); });
}

bool BeforeChanges::any_defers_removals() const {
  return std::any_of(hooks_.data(), hooks_.data() + count_,
                     [](BeforeChange* hook) { return hook->defers_removals(); });
}

void BeforeChanges::before_flush(int db) const {
  for (std::size_t i = 0; i < count_; ++i) hooks_[i]->before_flush(db);
}

void BeforeChanges::before_swap(int a, int b) const {
  for (std::size_t i = 0; i < count_; ++i) hooks_[i]->before_swap(a, b);
}

void BeforeChanges::before_arrival(int db) const {
  for (std::size_t i = 0; i < count_; ++i) hooks_[i]->before_arrival(db);
}

}  // namespace larder::keyspace
