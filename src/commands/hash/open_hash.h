#pragma once

// How hash commands open their hash.

#include "field_list.h"
#include "larder/engine/call.h"
#include "larder/keyspace/edit.h"
#include "larder/types/hash.h"

namespace larder::commands {

using FoundHash = keyspace::Found<types::Hash>;
using HashEdit = keyspace::Edit<types::Hash>;

// find_hash() for a hash that may have expired fields.
FoundHash purged(engine::Call& call, const FoundHash& found, keyspace::Look how);

// The hash at the key. Expired fields of a small hash are freed first. Those of a large one are
// left to the sweeper, except those that a command on the way to a change names: followers must not
// find them. While removals are held no field is freed, and none for a reader while they are
// deferred. Expired fields that are not freed are
// skipped.
inline FoundHash find_hash(engine::Call& call, keyspace::Look how = keyspace::Look::read) {
  auto found = call.db.find<types::Hash>(call.key, how);
  if (__builtin_expect(!found || !found->stale(call.expired_until_ms()), 1)) return found;
  return purged(call, found, how);
}

// The same on the way to a change: check wrong_type(), then open a HashEdit on its entry.
inline FoundHash find_hash_to_change(engine::Call& call) {
  return find_hash(call, keyspace::Look::write);
}

// At most so many bytes is a reply with the values of these fields.
std::uint64_t most_value_bytes(const engine::Call& call, const types::Hash& hash,
                               const FieldList& fields);

// Leaves the compact encoding at once if the number of added fields exceeds its limit.
inline void make_room(HashEdit& hash, std::size_t new_fields, const types::HashLimits& limits) {
  hash->expect(new_fields, limits);
}

}  // namespace larder::commands
