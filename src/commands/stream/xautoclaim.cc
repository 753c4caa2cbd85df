#include <vector>

#include "deliveries.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "stream_ids.h"
#include "stream_reply.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::StreamId;

struct AutoclaimOptions {
  std::int64_t min_idle_ms = 0;
  StreamId from;
  std::int64_t count = 100;
  bool only_ids = false;
};

// Entries examined for each requested one.
constexpr std::int64_t kAttempts = 10;
constexpr std::int64_t kMostCount = std::numeric_limits<std::int64_t>::max() / 16;

// False if an option is wrong; the error has been sent.
bool read(Call& call, AutoclaimOptions& options) {
  const auto idle = base::parse_int64(call.arg(4));
  if (!idle) return call.reply.error("ERR Invalid min-idle-time argument for XAUTOCLAIM"), false;
  options.min_idle_ms = std::max<std::int64_t>(*idle, 0);
  const auto from = read_range_start(call, call.arg(5));
  if (!from) return false;
  options.from = *from;
  constexpr std::string_view kBadCount = "ERR COUNT must be > 0";
  ArgReader reader(call, 6);
  while (reader.more()) {
    if (reader.option("COUNT")) {
      options.count = reader.integer(kBadCount);
      if (options.count < 1 || options.count > kMostCount) reader.fail(kBadCount);
    } else if (reader.word("JUSTID")) {
      options.only_ids = true;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

struct Outcome {
  StreamId next;  // the id to continue from; 0-0 at the end
  std::vector<StreamId> claimed;
  std::vector<StreamId> deleted;
};

void claim(types::Pending& pending, const AutoclaimOptions& options, std::int64_t now_ms) {
  pending.delivered_ms = now_ms;
  if (!options.only_ids) ++pending.deliveries;
  pending.consumer()->active_ms = now_ms;
}

Outcome run(Call& call, const AutoclaimOptions& options, keyspace::Edit<types::Stream>& edit,
            types::Group& group, types::Consumer& consumer, std::int64_t now_ms) {
  Outcome outcome;
  std::int64_t left = options.count;
  std::int64_t attempts = options.count * kAttempts;
  types::PendingIndex& index = group.pending;
  auto at = index.at_or_after(options.from);
  while (attempts-- > 0 && left > 0 && index.valid(at)) {
    types::Pending& pending = *index[at];
    const StreamId id = pending.id;
    if (!edit->contains(id)) {
      propagate_claim(call, call.key.name, group, pending);
      edit->acknowledge(group, id);
      outcome.deleted.push_back(id);
      --left;
      at = index.at_or_after(id);
      continue;
    }
    at = index.next(at);
    if (now_ms - pending.delivered_ms < options.min_idle_ms) continue;
    edit->assign(pending, consumer);
    claim(pending, options, now_ms);
    propagate_claim(call, call.key.name, group, pending);
    outcome.claimed.push_back(id);
    --left;
  }
  if (index.valid(at)) outcome.next = index[at]->id;
  return outcome;
}

// At most so many bytes is the reply; 0 if there is ample room for it.
std::uint64_t most_bytes(Call& call, const AutoclaimOptions& options, const types::Stream& stream,
                         std::int64_t now_ms) {
  if (has_ample_room(call.reply, stream.footprint())) return 0;
  const types::PendingIndex& index = stream.group(call.arg(2))->pending;
  std::int64_t left = options.count;
  std::int64_t attempts = options.count * kAttempts;
  std::uint64_t bytes = kMostIdReplyBytes;
  for (auto at = index.at_or_after(options.from); index.valid(at); at = index.next(at)) {
    if (attempts-- <= 0 || left <= 0) break;
    const types::Pending& pending = *index[at];
    types::StreamReader reader(stream, pending.id, pending.id);
    const bool is_there = reader.next();
    if (is_there && now_ms - pending.delivered_ms < options.min_idle_ms) continue;
    bytes += is_there && !options.only_ids ? most_reply_bytes(reader) : kMostIdReplyBytes;
    --left;
  }
  return bytes;
}

void reply_outcome(resp::Writer& reply, const types::Stream& stream,
                   const AutoclaimOptions& options, const Outcome& outcome) {
  reply.array(3);
  reply_stream_id(reply, outcome.next);
  reply.array(outcome.claimed.size());
  for (const StreamId id : outcome.claimed) {
    types::StreamReader reader(stream, id, id);
    if (options.only_ids || !reader.next()) {
      reply_stream_id(reply, id);
    } else {
      reply_stream_entry(reply, reader);
    }
  }
  reply.array(outcome.deleted.size());
  for (const StreamId id : outcome.deleted) reply_stream_id(reply, id);
}

void xautoclaim(Call& call) {
  AutoclaimOptions options;
  if (!read(call, options)) return;
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found || found->group(call.arg(2)) == nullptr) {
    return reply_no_group(call, call.key.name, call.arg(2));
  }
  const std::int64_t now_ms = call.now_ms();
  const Call::RoomForReply room(call, most_bytes(call, options, *found, now_ms),
                                ReplyOrder::before_effects);
  if (!room.is_there()) return;
  keyspace::Edit<types::Stream> edit(call.db, call.key, found.entry(), keyspace::Event::xdelivery);
  types::Group& group = *edit->group(call.arg(2));
  bool is_new = false;
  types::Consumer& consumer = see_consumer(edit, group, call.arg(3), now_ms, is_new);
  if (is_new) propagate_consumer(call, call.key.name, group, consumer);
  const Outcome outcome = run(call, options, edit, group, consumer, now_ms);
  edit.count(outcome.claimed.size() + outcome.deleted.size() + (is_new ? 1 : 0));
  reply_outcome(call.reply, *edit, options, outcome);
}

}  // namespace

std::span<const engine::Command> stream_xautoclaim() {
  static constexpr Command kCommands[] = {
      {.name = "xautoclaim",
       .family = Family::stream,
       .arity = at_least(6),
       .flags = kWrites | kFast,
       .extends = true,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<xautoclaim>(),
       .since = "6.2.0",
       .summary = "Assigns pending entries that were idle for a time to a consumer.",
       .complexity = "O(1) if COUNT is small",
       .arguments = "key:key#0 group:string consumer:string min-idle-time:string start:string "
                    "count:integer@COUNT? justid:pure-token@JUSTID?",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
