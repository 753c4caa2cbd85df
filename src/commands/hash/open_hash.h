#pragma once

// How hash commands open their hash.

#include "larder/engine/call.h"
#include "larder/keyspace/edit.h"
#include "larder/types/hash.h"

namespace larder::commands {

using FoundHash = keyspace::Found<types::Hash>;
using HashEdit = keyspace::Edit<types::Hash>;

inline constexpr std::size_t kMostPurged = 512;

inline FoundHash purged(engine::Call& call, keyspace::Entry* entry) {
  while (!call.db.expire_elements(entry, call.key.hash, kMostPurged)) {
  }
  return FoundHash(call.db.entries().find(call.key.name, call.key.hash));
}

// The hash at the key. Expired fields of a hash of up to kMostPurged fields are freed first. Those
// of larger hashes are left to the sweeper, and while removals are held back no field is freed;
// expired fields that are not freed are skipped.
inline FoundHash find_hash(engine::Call& call, keyspace::Look how = keyspace::Look::read) {
  const auto found = call.db.find<types::Hash>(call.key, how);
  if (__builtin_expect(!found || !found->stale(call.now_ms()), 1)) return found;
  const bool stays = found->size() > kMostPurged || call.db.removals_held();
  return stays ? found : purged(call, found.entry());
}

// The same on the way to a change: check wrong_type(), then open a HashEdit on its entry.
inline FoundHash find_hash_to_change(engine::Call& call) {
  return find_hash(call, keyspace::Look::write);
}

// Leaves the compact encoding at once if the number of added fields exceeds its limit.
inline void make_room(HashEdit& hash, std::size_t new_fields, const types::HashLimits& limits) {
  hash->expect(new_fields, limits);
}

}  // namespace larder::commands
