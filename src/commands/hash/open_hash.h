#pragma once

// How hash commands come to the hash they work on.

#include "larder/engine/call.h"
#include "larder/keyspace/edit.h"
#include "larder/keyspace/keyspace.h"
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

// The hash at the key. Where fields of a hash of up to kMostPurged are past their deadline they are
// freed first. Larger hashes leave that to the sweeper, and while removals are held back no field
// is freed; dead fields are then passed over.
inline FoundHash find_hash(engine::Call& call, const keyspace::Keyspace& keyspace,
                           keyspace::Look how = keyspace::Look::read) {
  const auto found = call.db.find<types::Hash>(call.key, how);
  if (__builtin_expect(!found || !found->stale(keyspace.clock().unix_ms()), 1)) return found;
  const bool stays = found->size() > kMostPurged || keyspace.removals_held();
  return stays ? found : purged(call, found.entry());
}

// The same on the way to a change: check wrong_type(), then open a HashEdit on its entry.
inline FoundHash find_hash_to_change(engine::Call& call, const keyspace::Keyspace& keyspace) {
  return find_hash(call, keyspace, keyspace::Look::write);
}

// Leaves the compact encoding at once where so many fields come that they cannot stay in it.
inline void make_room(HashEdit& hash, std::size_t new_fields, const types::HashLimits& limits) {
  hash->expect(new_fields, limits);
}

}  // namespace larder::commands
