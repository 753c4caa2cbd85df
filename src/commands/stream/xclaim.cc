#include <string>

#include "deliveries.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "stream_ids.h"
#include "stream_reply.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::StreamId;

struct ClaimOptions {
  std::int64_t min_idle_ms = 0;
  std::size_t ids_end = 5;  // ids start at 5
  std::optional<std::int64_t> delivered_ms;
  std::optional<std::int64_t> deliveries;
  StreamId last_id;
  bool force = false;
  bool only_ids = false;
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, std::int64_t now_ms, ClaimOptions& options) {
  const auto idle = base::parse_int64(call.arg(4));
  if (!idle) return call.reply.error("ERR Invalid min-idle-time argument for XCLAIM"), false;
  options.min_idle_ms = std::max<std::int64_t>(*idle, 0);
  while (options.ids_end < call.size() && parse_stream_id(call.arg(options.ids_end))) {
    ++options.ids_end;
  }
  ArgReader reader(call, options.ids_end);
  while (reader.more()) {
    if (reader.word("FORCE")) {
      options.force = true;
    } else if (reader.word("JUSTID")) {
      options.only_ids = true;
    } else if (reader.option("IDLE")) {
      // A time out of range counts as now.
      std::int64_t at = 0;
      const std::int64_t ago = reader.integer("ERR Invalid IDLE option argument for XCLAIM");
      options.delivered_ms = __builtin_sub_overflow(now_ms, ago, &at) ? now_ms : at;
    } else if (reader.option("TIME")) {
      options.delivered_ms = reader.integer("ERR Invalid TIME option argument for XCLAIM");
    } else if (reader.option("RETRYCOUNT")) {
      options.deliveries = reader.integer("ERR Invalid RETRYCOUNT option argument for XCLAIM");
    } else if (reader.option("LASTID")) {
      const auto id = parse_stream_id(reader.text());
      if (!id) reader.fail(kInvalidStreamId);
      options.last_id = id.value_or(StreamId());
    } else {
      std::string text = "ERR Unrecognized XCLAIM option '";
      call.reply.error(text.append(reader.text()).append("'"));
      return false;
    }
  }
  return !reader.failed();
}

struct Claim {
  Call& call;
  const ClaimOptions& options;
  keyspace::Edit<types::Stream>& edit;
  types::Group& group;
  types::Consumer& consumer;
  std::int64_t now_ms;
};

// Removes a deleted entry from the pending ones. True if it was pending.
bool forget(const Claim& claim, StreamId id) {
  const types::Pending* pending = claim.group.find(id);
  if (pending == nullptr) return false;
  propagate_claim(claim.call, claim.call.key.name, claim.group, *pending);
  return claim.edit->acknowledge(claim.group, id);
}

// Whether the entry, which may be pending, may be assigned to another consumer.
bool may_take(const types::Pending* pending, const ClaimOptions& options, std::int64_t now_ms) {
  if (pending == nullptr) return options.force;
  return now_ms - pending->delivered_ms >= options.min_idle_ms;
}

// Assigns the entry to the consumer; nullptr if that is not allowed.
types::Pending* take(const Claim& claim, StreamId id) {
  const ClaimOptions& options = claim.options;
  types::Pending* pending = claim.group.find(id);
  if (!may_take(pending, options, claim.now_ms)) return nullptr;
  if (pending == nullptr) pending = claim.edit->add_pending(claim.group, id, claim.now_ms);
  claim.edit->assign(*pending, claim.consumer);
  std::int64_t delivered = options.delivered_ms.value_or(claim.now_ms);
  if (delivered < 0 || delivered > claim.now_ms) delivered = claim.now_ms;
  pending->delivered_ms = delivered;
  if (options.deliveries.value_or(-1) >= 0) {
    pending->deliveries = static_cast<std::uint64_t>(*options.deliveries);
  } else if (!options.only_ids) {
    ++pending->deliveries;
  }
  claim.consumer.active_ms = claim.now_ms;
  return pending;
}

// Replies with the claimed entries. Returns how many entries changed, each of which was propagated.
std::size_t reply_claimed(const Claim& claim) {
  resp::Writer& reply = claim.call.reply;
  const auto mark = reply.begin_array();
  std::uint64_t entries = 0;
  std::size_t changes = 0;
  for (std::size_t i = 5; i < claim.options.ids_end; ++i) {
    const StreamId id = *parse_stream_id(claim.call.arg(i));
    types::StreamReader reader(*claim.edit, id, id);
    if (!reader.next()) {
      if (forget(claim, id)) ++changes;
      continue;
    }
    const types::Pending* pending = take(claim, id);
    if (pending == nullptr) continue;
    propagate_claim(claim.call, claim.call.key.name, claim.group, *pending);
    ++changes;
    ++entries;
    if (claim.options.only_ids) {
      reply_stream_id(reply, id);
    } else {
      reply_stream_entry(reply, reader);
    }
  }
  reply.end_array(mark, entries);
  return changes;
}

// At most so many bytes is the reply; 0 if there is ample room for it.
std::uint64_t most_bytes(Call& call, const ClaimOptions& options, const types::Stream& stream,
                         std::int64_t now_ms) {
  if (has_ample_room(call.reply, stream.footprint())) return 0;
  const std::uint64_t ids = options.ids_end - 5;
  if (options.only_ids) return ids * kMostIdReplyBytes;
  const types::Group& group = *stream.group(call.arg(2));
  std::uint64_t bytes = 0;
  for (std::size_t i = 5; i < options.ids_end; ++i) {
    const StreamId id = *parse_stream_id(call.arg(i));
    types::StreamReader reader(stream, id, id);
    if (may_take(group.find(id), options, now_ms) && reader.next()) {
      bytes += most_reply_bytes(reader);
    }
  }
  return bytes;
}

void xclaim(Call& call) {
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found || found->group(call.arg(2)) == nullptr) {
    return reply_no_group(call, call.key.name, call.arg(2));
  }
  const std::int64_t now_ms = call.now_ms();
  ClaimOptions options;
  if (!read(call, now_ms, options)) return;
  const Call::RoomForReply room(call, most_bytes(call, options, *found, now_ms),
                                ReplyOrder::before_effects);
  if (!room.is_there()) return;
  keyspace::Edit<types::Stream> edit(call.db, call.key, found.entry(), keyspace::Event::xdelivery);
  types::Group& group = *edit->group(call.arg(2));
  const bool moves_on = options.last_id > group.last_id;
  if (moves_on) group.last_id = options.last_id;
  bool is_new = false;
  types::Consumer& consumer = see_consumer(edit, group, call.arg(3), now_ms, is_new);
  if (is_new) propagate_consumer(call, call.key.name, group, consumer);
  const std::size_t claimed = reply_claimed({call, options, edit, group, consumer, now_ms});
  const bool only_moves = moves_on && claimed == 0;
  if (only_moves) propagate_group_id(call, call.key.name, group);
  edit.count(claimed + (only_moves ? 1 : 0) + (is_new ? 1 : 0));
}

}  // namespace

std::span<const engine::Command> stream_xclaim() {
  static constexpr Command kCommands[] = {
      {.name = "xclaim",
       .family = Family::stream,
       .arity = at_least(6),
       .flags = kWrites | kFast,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<xclaim>(),
       .since = "5.0.0",
       .summary = "Assigns pending entries to a consumer.",
       .complexity = "O(log(N)) for each entry",
       .arguments = "key:key#0 group:string consumer:string min-idle-time:string id:string* "
                    "ms:integer@IDLE? unix-time-milliseconds:unix-time@TIME? "
                    "count:integer@RETRYCOUNT? force:pure-token@FORCE? justid:pure-token@JUSTID? "
                    "id:string@LASTID?",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
