#pragma once

// Commands that can compute the size of their result call this before they write: it checks for
// room below maxmemory and replies with the error if there is none. The call makes views of keys
// invalid: look the keys up after it.

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "larder/engine/call.h"
#include "larder/eviction/evictor.h"
#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"
#include "larder/types/type.h"

namespace larder::commands {

// A command with more bytes of arguments is not parked to continue later.
inline constexpr std::size_t kMostParkedWords = 64 << 10;

// A command that waits for removed values to be freed has no state.
struct WaitingForFrees final : engine::Progress {
  explicit WaitingForFrees(engine::Call& call)
      : Progress(call.long_commands, call.reply.buffer().pool()) {}
  std::size_t bytes() const override { return memory::size_class(sizeof(WaitingForFrees)); }
};

inline bool can_ask_again(const engine::Call& call) {
  std::size_t bytes = 0;
  for (const std::string_view word : call.args) bytes += word.size();
  return call.session.may_block && bytes <= kMostParkedWords;
}

// Growth of a string by less than this is not checked: memory was under the limit when the command
// was admitted.
inline constexpr std::uint64_t kGrowthUnasked = 4096;

// Removed values that are not freed yet are freed first. If this takes long, a command with short
// arguments continues in a later turn: it runs again from its beginning, so it must call this
// before it changes anything.
inline bool has_room(engine::Call& call, eviction::Evictor& evictor, const eviction::Need& need) {
  const bool may_wait = can_ask_again(call);
  const eviction::Room room =
      evictor.make_room_for(need, may_wait ? evictor.budget() : base::Budget::unlimited());
  if (room == eviction::Room::enough) return true;
  if (room == eviction::Room::freeing && may_wait) {
    std::unique_ptr<WaitingForFrees> kept = call.progress<WaitingForFrees>();
    if (kept == nullptr) kept.reset(new WaitingForFrees(call));
    call.continue_later(std::move(kept));
  } else {
    call.reply.error(engine::errors::kOutOfMemory);
  }
  return false;
}

// For a string of `before` bytes that becomes one of `after`, which may be shorter.
inline bool grows_much(std::uint64_t before, std::uint64_t after) {
  return after > before + kGrowthUnasked;
}
inline bool has_room_for_string(engine::Call& call, eviction::Evictor& evictor,
                                std::uint64_t before, std::uint64_t after) {
  if (!grows_much(before, after)) return true;
  // A size class is up to a quarter larger than the requested size.
  const std::uint64_t held = before == 0 ? 0 : memory::size_class(before);
  return has_room(call, evictor,
                  {.more = memory::size_class(after) - held, .block = after, .kept = held});
}

// For memory of administrators, by commands that run at the limit too: a megabyte is always
// allowed, so that the limit does not prevent administration.
inline bool has_room_beside_data(engine::Call& call, eviction::Evictor& evictor,
                                 memory::Owner owner) {
  constexpr std::int64_t kAlwaysAllowed = 1 << 20;
  return memory::balance(owner) <= kAlwaysAllowed || has_room(call, evictor, {});
}

// For a new value that is going to be stored; it is freed if there is no room.
inline bool has_room_for_made(engine::Call& call, eviction::Evictor& evictor, types::Type type,
                              void* storage) {
  if (storage == nullptr) return true;
  const types::TypeRow& row = types::row(type);
  base::Budget unlimited = base::Budget::unlimited();
  const eviction::Need need{.kept = row.footprint(storage)};
  if (evictor.make_room_for(need, unlimited) == eviction::Room::enough) return true;
  row.destroy_some(storage, row.owner, unlimited);
  call.reply.error(engine::errors::kOutOfMemory);
  return false;
}

}  // namespace larder::commands
