#pragma once

// How commands that know what they need before they write ask for room below maxmemory, and answer
// the error where there is none. Views of keys end with the question: look them up afterwards.

#include <cstdint>

#include "larder/engine/call.h"
#include "larder/eviction/evictor.h"
#include "larder/types/type.h"

namespace larder::commands {

// By less than this a string grows without a question: memory was under the limit when the command
// was let in.
inline constexpr std::uint64_t kGrowthUnasked = 4096;

inline bool has_room(engine::Call& call, eviction::Evictor& evictor, const eviction::Need& need) {
  if (evictor.make_room_for(need)) return true;
  call.reply.error(engine::errors::kOutOfMemory);
  return false;
}

// For a string of `before` bytes that becomes one of `after`, which may be shorter.
inline bool grows_much(std::uint64_t before, std::uint64_t after) {
  return after > before + kGrowthUnasked;
}
inline bool has_room_for_string(engine::Call& call, eviction::Evictor& evictor,
                                std::uint64_t before, std::uint64_t after) {
  if (!grows_much(before, after)) return true;
  return has_room(call, evictor, {.more = after - before, .block = after, .kept = before});
}

// For a value that was made and is going to be stored; it is freed where there is no room.
inline bool has_room_for_made(engine::Call& call, eviction::Evictor& evictor, types::Type type,
                              void* storage) {
  if (storage == nullptr) return true;
  const types::TypeRow& row = types::row(type);
  if (has_room(call, evictor, {.kept = row.footprint(storage)})) return true;
  base::Budget budget = base::Budget::unlimited();
  row.destroy_some(storage, row.owner, budget);
  return false;
}

}  // namespace larder::commands
