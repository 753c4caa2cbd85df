#include "../room.h"
#include "bit_arguments.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "writable_bits.h"

namespace larder::commands {
namespace {

using namespace engine;

// True when the bit was set before.
bool write(Call& call, const keyspace::Found<types::String>& value, std::uint64_t offset) {
  WritableBits bits(call, value, offset / 8 + 1);
  const auto mask = static_cast<std::uint8_t>(0x80u >> (offset % 8));
  const auto before = static_cast<std::uint8_t>(bits.data()[offset / 8]);
  const auto after = static_cast<std::uint8_t>(call.arg(3) == "1" ? before | mask : before & ~mask);
  bits.data()[offset / 8] = static_cast<char>(after);
  if (after == before) bits.discard();
  return (before & mask) != 0;
}

void setbit(Call& call, Limits& limits, eviction::Evictor& evictor) {
  const auto offset = parse_bit_offset(call.arg(2), limits);
  if (!offset) return call.reply.error(kBadBitOffset);
  const std::string_view bit = call.arg(3);
  if (bit != "0" && bit != "1") {
    return call.reply.error("ERR bit is not an integer or out of range");
  }
  auto value = call.db.find<types::String>(call.key, keyspace::Look::write);
  if (value.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::size_t size = value ? value->size() : 0;
  if (grows_much(size, *offset / 8 + 1)) {
    if (!has_room_for_string(call, evictor, size, *offset / 8 + 1)) return;
    value = call.db.find<types::String>(call.key, keyspace::Look::write);
  }
  call.reply.integer(write(call, value, *offset) ? 1 : 0);
}

}  // namespace

std::span<const engine::Command> bitmap_setbit() {
  static constexpr Command kCommands[] = {
      {.name = "setbit",
       .family = Family::bitmap,
       .arity = exactly(4),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kAccess | kUpdate)},
       .handler = Handler::of<setbit>(),
       .since = "2.2.0",
       .summary = "Sets or clears a bit of the string stored at a key and returns its old value.",
       .complexity = "O(1)",
       .arguments = "key:key#0 offset:integer value:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
