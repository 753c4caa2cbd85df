#include "../room.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/limits.h"

namespace larder::commands {
namespace {

using namespace engine;

void write(Call& call, const keyspace::Found<types::String>& text) {
  const std::string_view more = call.arg(2);
  const std::size_t size = text ? text->size() : 0;
  if (text) {
    call.db.edit<types::String>(call.key, text.entry(), keyspace::Event::append).append(more);
  } else {
    call.db.put(call.key, more, keyspace::Deadline::never(), keyspace::Event::append);
  }
  call.reply.integer(static_cast<std::int64_t>(size + more.size()));
}

void append(Call& call, Limits& limits, eviction::Evictor& evictor) {
  const std::size_t more = call.arg(2).size();
  const auto text = call.db.find<types::String>(call.key, keyspace::Look::write);
  if (text.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::size_t size = text ? text->size() : 0;
  if (text && !limits.admits_string(size, more)) return call.reply.error(errors::kStringTooLong);
  if (!grows_much(size, size + more)) return write(call, text);
  if (!has_room_for_string(call, evictor, size, size + more)) return;
  write(call, call.db.find<types::String>(call.key, keyspace::Look::write));
}

}  // namespace

std::span<const engine::Command> string_append() {
  static constexpr Command kCommands[] = {
      {.name = "append",
       .family = Family::string,
       .arity = exactly(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<append>(),
       .since = "2.0.0",
       .summary = "Adds bytes at the end of the string stored at a key, which may be new.",
       .complexity = "O(N) for N added bytes, amortised",
       .arguments = "key:key#0 value:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
