#pragma once

// Commands for tests: one that works in several turns, one that needs room below maxmemory, and one
// whose value takes several turns to free.

#include <charconv>
#include <memory>
#include <string>

#include "larder/base/clock.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/eviction/evictor.h"
#include "larder/keyspace/edit.h"
#include "larder/types/set.h"

namespace larder::engine {

// Each piece of work takes this long.
inline constexpr std::int64_t kPieceUs = 100;

struct PiecesDone final : Progress {
  explicit PiecesDone(Call& call) : Progress(call.long_commands, call.reply.buffer().pool()) {}
  std::size_t bytes() const override { return memory::size_class(sizeof(PiecesDone)); }
  std::uint64_t done = 0;
};

// pieces n: does n pieces of work, and writes a "p" for each.
inline void test_pieces(Call& call, base::ManualClock& clock) {
  std::uint64_t wanted = 0;
  std::from_chars(call.arg(1).data(), call.arg(1).data() + call.arg(1).size(), wanted);
  std::unique_ptr<PiecesDone> kept = call.progress<PiecesDone>();
  if (kept == nullptr) kept.reset(new PiecesDone(call));
  resp::Writer reply(kept->reply);
  reply.mute(call.reply.muted());
  while (!call.step_is_over()) {
    if (kept->done == wanted) {
      call.reply.array(wanted);
      return call.reply.take_over(kept->reply);
    }
    clock.advance_us(kPieceUs);
    reply.bulk("p");
    ++kept->done;
  }
  call.continue_later(std::move(kept));
}

// Replaces the key by a set of so many members, which takes many steps to free.
inline void test_fill(Call& call) {
  call.db.erase(call.key);
  keyspace::Edit<types::Set> set(call.db, call.key, nullptr, keyspace::Event::sadd);
  const int count = std::stoi(std::string(call.arg(2)));
  for (int i = 0; i < count; ++i) {
    set->add("member:" + std::to_string(i), {.intset_entries = 0, .listpack_entries = 0});
  }
  call.reply.ok();
}
// Stores a string of so many bytes, for which there must be room first.
inline void test_need(Call& call, eviction::Evictor& evictor) {
  const auto bytes = static_cast<std::uint64_t>(std::stoi(std::string(call.arg(2))));
  const auto budget = call.may_run_again() ? evictor.budget(kPieceUs) : base::Budget::unlimited();
  const eviction::Room room = evictor.make_room_for({.more = bytes}, budget);
  if (room == eviction::Room::none) return call.reply.error(errors::kOutOfMemory);
  if (room != eviction::Room::enough) return call.run_again_with_room(bytes);
  call.db.put(call.key, std::string(bytes, 'x'));
  call.reply.ok();
}

inline std::span<const Command> step_rows() {
  static constexpr KeySpecs kKey{KeySpec::one(1, kRW)};
  static constexpr Command kRows[] = {
      {.name = "pieces",
       .arity = exactly(2),
       .flags = kReads,
       .handler = Handler::of<test_pieces>()},
      {.name = "need",
       .arity = exactly(3),
       .flags = kWrites | kGrows,
       .keys = kKey,
       .handler = Handler::of<test_need>()},
      {.name = "fill",
       .arity = exactly(3),
       .flags = kWrites,
       .keys = kKey,
       .handler = Handler::of<test_fill>()},
  };
  return kRows;
}

}  // namespace larder::engine
