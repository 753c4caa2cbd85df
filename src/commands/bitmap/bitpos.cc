#include "bit_arguments.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::bits::Bit;

// -1 when there is no such bit.
std::int64_t position(std::string_view bytes, Bit bit, const GivenRange& given, bool end_given) {
  const auto range = given.within(bytes.size());
  if (!range) return -1;
  const auto found = types::bits::find(bytes, bit, *range);
  if (found) return static_cast<std::int64_t>(*found);
  // If no end is given, the string counts as continued by clear bits.
  return bit == Bit::clear && !end_given ? static_cast<std::int64_t>(bytes.size() * 8) : -1;
}

void bitpos(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t wanted = args.integer();
  if (wanted != 0 && wanted != 1) args.fail("ERR The bit argument must be 1 or 0.");
  if (args.left() > 3) args.fail(errors::kSyntax);
  if (args.failed()) return;
  GivenRange given;
  const bool end_given = args.left() > 1;
  if (args.more()) given.start = args.integer();
  if (args.failed()) return;
  // The unit is checked before the end.
  if (args.left() > 1) {
    ArgReader unit(call, 5);
    given.read_unit(unit);
    if (unit.failed()) return;
  }
  if (end_given) given.end = args.integer();
  if (args.failed()) return;
  const auto value = call.db.find<types::String>(call.key);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  const Bit bit = wanted == 1 ? Bit::set : Bit::clear;
  if (!value) return call.reply.integer(bit == Bit::set ? -1 : 0);
  types::String::Scratch scratch;
  call.reply.integer(position(value->text(scratch), bit, given, end_given));
}

}  // namespace

std::span<const engine::Command> bitmap_bitpos() {
  static constexpr Command kCommands[] = {
      {.name = "bitpos",
       .family = Family::bitmap,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<bitpos>(),
       .since = "2.8.7",
       .summary = "Finds the first set or clear bit of a string, or of a part of it.",
       .complexity = "O(N) for N bytes",
       .arguments = "key:key#0 bit:integer range:block?(start:integer "
                    "end-unit-block:block?(end:integer "
                    "unit:oneof?(byte:pure-token@BYTE bit:pure-token@BIT)))"},
  };
  return kCommands;
}

}  // namespace larder::commands
