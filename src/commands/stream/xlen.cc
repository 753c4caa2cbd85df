#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/stream.h"

namespace larder::commands {
namespace {

using namespace engine;

void xlen(Call& call) {
  const auto stream = call.db.find<types::Stream>(call.key);
  if (stream.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(stream ? static_cast<std::int64_t>(stream->size()) : 0);
}

}  // namespace

std::span<const engine::Command> stream_xlen() {
  static constexpr Command kCommands[] = {
      {.name = "xlen",
       .family = Family::stream,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<xlen>(),
       .since = "5.0.0",
       .summary = "Returns the number of entries of a stream.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
