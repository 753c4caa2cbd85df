#pragma once

// Commands that can compute the size of their result call this before they write: it checks for
// room below maxmemory and replies with the error if there is none, or postpones the command while
// keys are evicted for it. The call makes views of keys
// invalid: look the keys up after it.

#include <cstdint>
#include <string>

#include "larder/base/budget.h"
#include "larder/engine/call.h"
#include "larder/engine/command_table.h"
#include "larder/engine/keys.h"
#include "larder/eviction/evictor.h"
#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"
#include "larder/types/type.h"

namespace larder::commands {

// The time for which a command itself frees and evicts.
inline constexpr std::int64_t kMostRoomUs = 200;

// The budget for making room: if it is not enough, the command runs again later. While others
// already wait for room, it waits behind them.
inline base::Budget room_budget(const engine::Call& call, const eviction::Evictor& evictor) {
  if (!call.may_run_again()) return base::Budget::unlimited();
  return evictor.budget(call.waiters.waiting_for_memory().empty() ? kMostRoomUs : 0);
}

// The error of a command that got no memory: whether maxmemory does not leave it, or the system has
// refused it since there were so many refusals.
inline void reply_out_of_memory(engine::Call& call, std::uint64_t refusals_before) {
  const memory::Refusals now = memory::refusals();
  if (now.count == refusals_before) return call.reply.error(engine::errors::kOutOfMemory);
  call.reply.error("OOM", "the system has no memory for a block of " +
                              std::to_string(now.last_bytes) + " bytes");
}

// True if there is room. Otherwise the command runs again when there are `bytes` bytes of room, or
// gets the error.
inline bool make_room_or_reply(engine::Call& call, eviction::Evictor& evictor,
                               const eviction::Need& need, std::uint64_t bytes) {
  const std::uint64_t refusals = memory::refusals().count;
  const eviction::Room room = evictor.make_room_for(need, room_budget(call, evictor));
  if (room == eviction::Room::enough) return true;
  if (room == eviction::Room::none) {
    reply_out_of_memory(call, refusals);
  } else {
    call.run_again_with_room(bytes);
  }
  return false;
}

// Growth of a string by less than this is not checked: memory was under the limit when the command
// was admitted.
inline constexpr std::uint64_t kUncheckedGrowth = 4096;

// Removed values that are not freed yet are freed first, then keys are evicted. If this takes long,
// the command runs again from its beginning in a later turn, so it must call this before it changes
// anything.
inline bool has_room(engine::Call& call, eviction::Evictor& evictor, const eviction::Need& need) {
  return make_room_or_reply(call, evictor, need, need.more);
}

// For a string of `before` bytes that becomes one of `after`, which may be shorter.
inline bool grows_much(std::uint64_t before, std::uint64_t after) {
  return after > before + kUncheckedGrowth;
}
inline bool has_room_for_string(engine::Call& call, eviction::Evictor& evictor,
                                std::uint64_t before, std::uint64_t after) {
  if (!grows_much(before, after)) return true;
  // A size class is up to a quarter larger than the requested size.
  const std::uint64_t held = before == 0 ? 0 : memory::dataset_class(before);
  return has_room(call, evictor,
                  {.more = memory::dataset_class(after) - held, .block = after, .kept = held});
}

// For memory of administrators, by commands that run at the limit too: a megabyte is always
// allowed, so that the limit does not prevent administration.
inline bool has_room_beside_data(engine::Call& call, eviction::Evictor& evictor,
                                 memory::Owner owner) {
  constexpr std::int64_t kAlwaysAllowed = 1 << 20;
  return memory::balance(owner) <= kAlwaysAllowed || has_room(call, evictor, {});
}

// Commands that know the size of their result only when they have made it, from `bytes` bytes:
// while others wait for room they wait behind them, and make it one after the other, so that the
// results for which there is no room do not add up. False if the command runs again later.
inline bool is_next_to_make(engine::Call& call, std::uint64_t bytes) {
  constexpr std::uint64_t kMadeAtOnce = 16 << 10;
  if (bytes <= kMadeAtOnce || !call.may_run_again()) return true;
  if (!call.waiters.waiting_for_memory().must_wait(call.session)) return true;
  // The size is not known yet; any size makes it continue alone.
  call.run_again_with_room(1);
  return false;
}

// The bytes of the values of the keys that the command reads. Cost: a lookup for each key.
inline std::uint64_t bytes_of_read_keys(const engine::Call& call) {
  const auto keys = engine::find_key_spans(*call.command.row, call.args);
  std::uint64_t bytes = 0;
  if (!keys) return bytes;
  engine::for_each_key(*keys, [&](std::size_t position, std::uint32_t flags) {
    const auto key = keyspace::Key::of(call.arg(position));
    const bool is_read = (flags & engine::kRO) != 0;
    const auto* entry = is_read ? call.db.entries().find(key.name, key.hash) : nullptr;
    if (entry != nullptr) bytes += entry->footprint();
    return true;
  });
  return bytes;
}

// For a command that stores what it makes of the values of the keys that it reads: the result is
// hardly larger than all of them together. If the system does not have so much memory the client
// gets the error, and if others wait for room the command runs again later; it must not have
// changed anything yet.
inline bool may_make_result(engine::Call& call) {
  constexpr std::uint64_t kLeastProbed = 1 << 20;
  const std::uint64_t bytes = bytes_of_read_keys(call);
  if (!is_next_to_make(call, bytes)) return false;
  if (bytes < kLeastProbed || memory::can_allocate(bytes)) return true;
  call.reply.error("OOM",
                   "the system has no memory for a block of " + std::to_string(bytes) + " bytes");
  return false;
}

// For a new value that is going to be stored; if there is no room it is freed, later, and the
// command may have to make it again.
inline bool has_room_for_made(engine::Call& call, eviction::Evictor& evictor, types::Type type,
                              void* storage) {
  if (storage == nullptr) return true;
  const eviction::Need need{.kept = types::row(type).footprint(storage)};
  const bool has_room = make_room_or_reply(call, evictor, need, need.kept);
  if (!has_room) call.db.defer_free(type, storage);
  return has_room;
}

}  // namespace larder::commands
