#pragma once

// Functions that the sorted set commands share.

#include "../room.h"
#include "../string/string_reply.h"
#include "larder/engine/call.h"
#include "larder/keyspace/edit.h"
#include "larder/types/settings.h"
#include "larder/types/sorted_set.h"

namespace larder::commands {

inline types::SortedSet::Limits limits_of(const types::Settings& settings) {
  return {static_cast<std::size_t>(settings.zset_max_listpack_entries.value()),
          static_cast<std::size_t>(settings.zset_max_listpack_value.value())};
}

// Whether a reply has only members, or members with scores: one after the other in RESP2, as pairs
// in RESP3.
enum class Show : std::uint8_t { members, scores };

// The header of an array of `items`.
inline void begin_items(resp::Writer& reply, std::size_t items, Show show) {
  reply.array(show == Show::scores && !reply.resp3() ? 2 * items : items);
}
inline void reply_item(resp::Writer& reply, const types::String& member, double score, Show show) {
  if (show == Show::scores && reply.resp3()) reply.array(2);
  reply_string(reply, member);
  if (show == Show::scores) reply.real(score);
}

// Stores a sorted set at the key, or removes the key if the set is empty, and replies with the
// size, or with an error if there is no room. Takes `result`.
inline void store_sorted_set(engine::Call& call, types::SortedSet result, keyspace::Event event,
                             eviction::Evictor& evictor) {
  const std::size_t size = result.size();
  if (size == 0) result.destroy();
  if (!has_room_for_made(call, evictor, types::Type::sorted_set, result.storage())) return;
  call.db.put_storage(call.key, types::Type::sorted_set, result.storage(), event);
  call.reply.integer(static_cast<std::int64_t>(size));
}

}  // namespace larder::commands
