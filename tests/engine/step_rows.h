#pragma once

// A command that works in several turns, for tests.

#include <charconv>
#include <memory>

#include "larder/base/clock.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

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

inline std::span<const Command> step_rows() {
  static constexpr Command kRows[] = {
      {.name = "pieces",
       .arity = exactly(2),
       .flags = kReads,
       .handler = Handler::of<test_pieces>()},
  };
  return kRows;
}

}  // namespace larder::engine
