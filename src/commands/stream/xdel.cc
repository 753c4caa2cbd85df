#include <algorithm>

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/stream.h"
#include "stream_ids.h"

namespace larder::commands {
namespace {

using namespace engine;

void xdel(Call& call) {
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found) return call.reply.integer(0);
  const resp::Args ids = call.args.subspan(2);
  for (const std::string_view text : ids) {
    if (!read_stream_id(call, text)) return;
  }
  keyspace::Edit<types::Stream> edit(call.db, call.key, found.entry(), keyspace::Event::xdel);
  std::size_t gone = 0;
  for (const std::string_view text : ids) {
    const types::StreamId id = *parse_stream_id(text);
    if (!edit->erase(id)) continue;
    edit->note_deleted(id);
    ++gone;
  }
  edit.count(gone);
  call.reply.integer(static_cast<std::int64_t>(gone));
}

}  // namespace

std::span<const engine::Command> stream_xdel() {
  static constexpr Command kCommands[] = {
      {.name = "xdel",
       .family = Family::stream,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<xdel>(),
       .since = "5.0.0",
       .summary = "Removes entries from a stream and returns how many existed.",
       .complexity = "O(1) for each entry",
       .arguments = "key:key#0 id:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
