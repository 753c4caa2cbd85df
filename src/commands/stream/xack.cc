#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/stream.h"
#include "stream_ids.h"

namespace larder::commands {
namespace {

using namespace engine;

void xack(Call& call) {
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found || found->group(call.arg(2)) == nullptr) return call.reply.integer(0);
  const resp::Args ids = call.args.subspan(3);
  for (const std::string_view text : ids) {
    if (!read_stream_id(call, text)) return;
  }
  keyspace::Edit<types::Stream> edit(call.db, call.key, found.entry(), keyspace::Event::xdelivery);
  types::Group& group = *edit->group(call.arg(2));
  std::size_t acknowledged = 0;
  for (const std::string_view text : ids) {
    if (edit->acknowledge(group, *parse_stream_id(text))) ++acknowledged;
  }
  edit.count(acknowledged);
  call.reply.integer(static_cast<std::int64_t>(acknowledged));
}

}  // namespace

std::span<const engine::Command> stream_xack() {
  static constexpr Command kCommands[] = {
      {.name = "xack",
       .family = Family::stream,
       .arity = at_least(4),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<xack>(),
       .since = "5.0.0",
       .summary = "Acknowledges entries of a group and returns how many were pending.",
       .complexity = "O(log(N)) for each entry",
       .arguments = "key:key#0 group:string id:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
