#include <algorithm>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "stream_ids.h"
#include "stream_reply.h"

namespace larder::commands {
namespace {

using namespace engine;
using Order = types::StreamReader::Order;

void range(Call& call, std::string_view start, std::string_view end, Order order) {
  const auto from = read_range_start(call, start);
  if (!from) return;
  const auto to = read_range_end(call, end);
  if (!to) return;
  std::optional<std::int64_t> count;
  ArgReader options(call, 4);
  while (options.more()) {
    if (options.option("COUNT")) {
      count = std::max<std::int64_t>(options.integer(), 0);
    } else {
      options.fail(errors::kSyntax);
    }
  }
  if (options.failed()) return;
  const auto stream = call.db.find<types::Stream>(call.key);
  if (stream.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!stream) return call.reply.array(0);
  if (count == 0) return call.reply.null_array();
  reply_stream_range(call.reply, *stream, *from, *to, static_cast<std::uint64_t>(count.value_or(0)),
                     order);
}

void xrange(Call& call) { range(call, call.arg(2), call.arg(3), Order::ascending); }
void xrevrange(Call& call) { range(call, call.arg(3), call.arg(2), Order::descending); }

}  // namespace

std::span<const engine::Command> stream_xrange() {
  static constexpr Command kCommands[] = {
      {.name = "xrange",
       .family = Family::stream,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<xrange>(),
       .since = "5.0.0",
       .summary = "Returns the entries of a stream between two ids.",
       .complexity = "O(N) for N returned entries",
       .arguments = "key:key#0 start:string end:string count:integer@COUNT?"},
      {.name = "xrevrange",
       .family = Family::stream,
       .arity = at_least(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<xrevrange>(),
       .since = "5.0.0",
       .summary = "Returns the entries of a stream between two ids, the last first.",
       .complexity = "O(N) for N returned entries",
       .arguments = "key:key#0 end:string start:string count:integer@COUNT?"},
  };
  return kCommands;
}

}  // namespace larder::commands
