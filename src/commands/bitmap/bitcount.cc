#include "bit_arguments.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void bitcount(Call& call) {
  GivenRange given;
  ArgReader args(call, 2);
  if (args.more()) {
    if (args.left() > 3 || args.left() < 2) return call.reply.error(errors::kSyntax);
    given.start = args.integer();
    given.end = args.integer();
    if (args.more()) given.read_unit(args);
  }
  if (args.failed()) return;
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!value || (given.end < 0 && given.start < 0 && given.start > given.end)) {
    return call.reply.integer(0);
  }
  types::String::Scratch scratch;
  const std::string_view bytes = value->text(scratch);
  const auto range = given.within(bytes.size());
  const std::uint64_t found = range ? types::bits::count(bytes, *range) : 0;
  call.reply.integer(static_cast<std::int64_t>(found));
}

}  // namespace

std::span<const engine::Command> bitmap_bitcount() {
  static constexpr Command kCommands[] = {
      {.name = "bitcount",
       .family = Family::bitmap,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<bitcount>(),
       .since = "2.6.0",
       .summary = "Counts the set bits of a string, or of a part of it.",
       .complexity = "O(N) for N bytes",
       .arguments = "key:key#0 range:block?(start:integer end:integer "
                    "unit:oneof?(byte:pure-token@BYTE bit:pure-token@BIT))"},
  };
  return kCommands;
}

}  // namespace larder::commands
