#include <algorithm>
#include <string>

#include "../container_help.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "stream_full.h"
#include "stream_reply.h"

namespace larder::commands {
namespace {

using namespace engine;
using Found = keyspace::Found<types::Stream>;
using Order = types::StreamReader::Order;

// Nothing if the key is missing or has another type; the error has been sent.
std::optional<Found> find_to_read(Call& call) {
  const auto found = call.db.find<types::Stream>(call.key);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType), std::nullopt;
  if (!found) return call.reply.error(errors::kNoSuchKey), std::nullopt;
  return found;
}

void reply_edge(resp::Writer& reply, const types::Stream& stream, Order order) {
  types::StreamReader reader(stream, types::StreamId::least(), types::StreamId::most(), order);
  if (reader.next()) {
    reply_stream_entry(reply, reader);
  } else {
    reply.null();
  }
}

void reply_stream(resp::Writer& reply, const types::Stream& stream) {
  reply.map(10);
  reply_stream_marks(reply, stream);
  reply_pair(reply, "groups", stream.groups().size());
  reply.bulk("first-entry");
  reply_edge(reply, stream, Order::ascending);
  reply.bulk("last-entry");
  reply_edge(reply, stream, Order::descending);
}

// FULL [COUNT n]. Nothing if an error has been sent.
std::optional<std::uint64_t> read_full(Call& call) {
  constexpr std::int64_t kDefault = 10;
  const bool counts = call.size() == 6 && base::equals_ignoring_case(call.arg(4), "COUNT");
  if (!base::equals_ignoring_case(call.arg(3), "FULL") || (call.size() != 4 && !counts)) {
    std::string text = "ERR unknown subcommand or wrong number of arguments for '";
    text.append(call.arg(1).substr(0, 128)).append("'. Try XINFO HELP.");
    call.reply.error(text);
    return std::nullopt;
  }
  if (!counts) return kDefault;
  const auto count = base::parse_int64(call.arg(5));
  if (!count) return call.reply.error(errors::kNotAnInteger), std::nullopt;
  return static_cast<std::uint64_t>(*count < 0 ? kDefault : *count);
}

void xinfo_stream(Call& call) {
  const auto stream = find_to_read(call);
  if (!stream) return;
  if (call.size() == 3) return reply_stream(call.reply, **stream);
  if (const auto most = read_full(call)) reply_stream_full(call.reply, **stream, *most);
}

void xinfo_groups(Call& call) {
  const auto stream = find_to_read(call);
  if (!stream) return;
  resp::Writer& reply = call.reply;
  reply.array((*stream)->groups().size());
  for (const types::Group* group : (*stream)->groups()) {
    reply.map(6);
    reply.bulk("name");
    reply.bulk(group->name());
    reply_pair(reply, "consumers", group->consumers.size());
    reply_pair(reply, "pending", group->pending.size());
    reply.bulk("last-delivered-id");
    reply_stream_id(reply, group->last_id);
    reply_group_progress(reply, **stream, *group);
  }
}

void xinfo_consumers(Call& call) {
  const auto stream = find_to_read(call);
  if (!stream) return;
  const types::Group* group = (*stream)->group(call.arg(3));
  if (group == nullptr) {
    std::string text = "NOGROUP No such consumer group '";
    text.append(call.arg(3)).append("' for key name '").append(call.arg(2)).append("'");
    return call.reply.error(text);
  }
  const std::int64_t now_ms = call.now_ms();
  const auto since = [now_ms](std::int64_t ms) { return std::max<std::int64_t>(now_ms - ms, 0); };
  resp::Writer& reply = call.reply;
  reply.array(group->consumers.size());
  for (const types::Consumer* consumer : group->consumers) {
    reply.map(4);
    reply.bulk("name");
    reply.bulk(consumer->name());
    reply_pair(reply, "pending", consumer->pending.size());
    reply.bulk("idle");
    reply.integer(since(consumer->seen_ms));
    reply.bulk("inactive");
    const bool ever = consumer->active_ms != types::Consumer::kNever;
    reply.integer(ever ? since(consumer->active_ms) : types::Consumer::kNever);
  }
}

}  // namespace

std::span<const engine::Command> stream_xinfo() {
  static constexpr Command kCommands[] = {
      {.name = "xinfo",
       .family = Family::stream,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "5.0.0",
       .summary = "Returns information about streams, their groups and consumers.",
       .complexity = "As its subcommands"},
      {.name = "xinfo consumers",
       .family = Family::stream,
       .arity = exactly(4),
       .flags = kReads,
       .keys = {KeySpec::one(2, kRO | kAccess)},
       .handler = Handler::of<xinfo_consumers>(),
       .since = "5.0.0",
       .summary = "Returns information about each consumer of a group.",
       .complexity = "O(N) for N consumers",
       .arguments = "key:key#0 groupname:string",
       .tips = "nondeterministic_output"},
      {.name = "xinfo groups",
       .family = Family::stream,
       .arity = exactly(3),
       .flags = kReads,
       .keys = {KeySpec::one(2, kRO | kAccess)},
       .handler = Handler::of<xinfo_groups>(),
       .since = "5.0.0",
       .summary = "Returns information about each group of a stream.",
       .complexity = "O(N) for N groups",
       .arguments = "key:key#0"},
      {.name = "xinfo help",
       .family = Family::stream,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "5.0.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "xinfo stream",
       .family = Family::stream,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(2, kRO | kAccess)},
       .handler = Handler::of<xinfo_stream>(),
       .since = "5.0.0",
       .summary = "Returns information about a stream, or with FULL all of its contents.",
       .complexity = "O(1); with FULL O(N) for N entries shown",
       .arguments = "key:key#0 full:block@FULL?(count:integer@COUNT?)"},
  };
  return kCommands;
}

}  // namespace larder::commands
