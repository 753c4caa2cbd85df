#include <algorithm>

#include "../room.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/host.h"

namespace larder::commands {
namespace {

using namespace engine;

// A string that SETRANGE creates is an edited string, so that its encoding is "raw".
void write_new(Call& call, std::size_t offset, std::string_view bytes) {
  call.db.put(call.key, "", keyspace::Deadline::never(), keyspace::Event::setrange);
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  auto edit = call.db.edit<types::String>(call.key, entry, keyspace::Event::setrange);
  edit.overwrite(offset, bytes);
  edit.discard();  // put() has logged the change
}

void write(Call& call, std::size_t start, std::string_view bytes) {
  const auto text = call.db.find<types::String>(call.key, keyspace::Look::write);
  const std::size_t size = text ? text->size() : 0;
  if (text) {
    call.db.edit<types::String>(call.key, text.entry(), keyspace::Event::setrange)
        .overwrite(start, bytes);
  } else {
    write_new(call, start, bytes);
  }
  call.reply.integer(static_cast<std::int64_t>(std::max(size, start + bytes.size())));
}

void setrange(Call& call, Limits& limits, eviction::Evictor& evictor) {
  ArgReader args(call, 2);
  const std::int64_t offset = args.integer();
  if (offset < 0) args.fail("ERR offset is out of range");
  if (args.failed()) return;
  const std::string_view bytes = call.arg(3);
  const auto text = call.db.find<types::String>(call.key, keyspace::Look::write);
  if (text.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::size_t size = text ? text->size() : 0;
  if (bytes.empty()) return call.reply.integer(static_cast<std::int64_t>(size));

  const auto start = static_cast<std::size_t>(offset);
  if (!limits.admits_string(start, bytes.size())) return call.reply.error(errors::kStringTooLong);
  if (!has_room_for_string(call, evictor, size, start + bytes.size())) return;
  write(call, start, bytes);
}

}  // namespace

std::span<const engine::Command> string_setrange() {
  static constexpr Command kCommands[] = {
      {.name = "setrange",
       .family = Family::string,
       .arity = exactly(4),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<setrange>(),
       .since = "2.2.0",
       .summary = "Writes bytes over a part of the string stored at a key, filling a gap with "
                  "zeros.",
       .complexity = "O(N) for N written bytes, amortised",
       .arguments = "key:key#0 offset:integer value:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
