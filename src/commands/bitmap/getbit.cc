#include "bit_arguments.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void getbit(Call& call, Limits& limits) {
  const auto offset = parse_bit_offset(call.arg(2), limits);
  if (!offset) return call.reply.error(kBadBitOffset);
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  types::String::Scratch scratch;
  const std::string_view bytes = value ? value->text(scratch) : std::string_view();
  call.reply.integer(static_cast<std::int64_t>(types::bits::field(bytes, *offset, 1)));
}

}  // namespace

std::span<const engine::Command> bitmap_getbit() {
  static constexpr Command kCommands[] = {
      {.name = "getbit",
       .family = Family::bitmap,
       .arity = exactly(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<getbit>(),
       .since = "2.2.0",
       .summary = "Returns a bit of the string stored at a key.",
       .complexity = "O(1)",
       .arguments = "key:key#0 offset:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
