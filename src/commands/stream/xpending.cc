#include <algorithm>

#include "deliveries.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "stream_ids.h"
#include "stream_reply.h"

namespace larder::commands {
namespace {

using namespace engine;

struct Filter {
  std::int64_t min_idle_ms = 0;
  types::StreamId from;
  types::StreamId to;
  std::int64_t count = 0;
  std::optional<std::string_view> consumer;
};

// [IDLE ms] start end count [consumer]. False if something is wrong; the error has been sent.
bool read(Call& call, Filter& filter) {
  ArgReader reader(call, 3);
  if (reader.word("IDLE")) {
    filter.min_idle_ms = reader.integer();
    if (call.size() < 8) reader.fail(errors::kSyntax);
    if (reader.failed()) return false;
  }
  const std::string_view start = reader.text();
  const std::string_view end = reader.text();
  filter.count = std::max<std::int64_t>(reader.integer(), 0);
  if (reader.failed()) return false;
  if (reader.more()) filter.consumer = reader.text();
  const auto from = read_range_start(call, start);
  if (!from) return false;
  const auto to = read_range_end(call, end);
  if (!to) return false;
  filter.from = *from;
  filter.to = *to;
  return true;
}

void reply_summary(resp::Writer& reply, const types::Group& group) {
  reply.array(4);
  reply.integer(static_cast<std::int64_t>(group.pending.size()));
  if (group.pending.empty()) {
    reply.null();
    reply.null();
    return reply.null_array();
  }
  reply_stream_id(reply, group.pending[group.pending.first()]->id);
  reply_stream_id(reply, group.pending[group.pending.last()]->id);
  const auto mark = reply.begin_array();
  std::uint64_t consumers = 0;
  for (const types::Consumer* consumer : group.consumers) {
    if (consumer->pending.empty() || reply.drops()) continue;
    reply.array(2);
    reply.bulk(consumer->name());
    reply.bulk_integer(static_cast<std::int64_t>(consumer->pending.size()));
    ++consumers;
  }
  reply.end_array(mark, consumers);
}

void reply_entries(resp::Writer& reply, const types::PendingIndex& index, const Filter& filter,
                   std::int64_t now_ms) {
  const auto mark = reply.begin_array();
  std::int64_t entries = 0;
  for (auto at = index.at_or_after(filter.from);
       entries < filter.count && index.valid(at) && !reply.drops(); at = index.next(at)) {
    const types::Pending& pending = *index[at];
    if (pending.id > filter.to) break;
    const std::int64_t idle = now_ms - pending.delivered_ms;
    if (filter.min_idle_ms != 0 && idle < filter.min_idle_ms) continue;
    reply.array(4);
    reply_stream_id(reply, pending.id);
    reply.bulk(pending.consumer()->name());
    reply.integer(std::max<std::int64_t>(idle, 0));
    reply.integer(static_cast<std::int64_t>(pending.deliveries));
    ++entries;
  }
  reply.end_array(mark, static_cast<std::uint64_t>(entries));
}

void xpending(Call& call) {
  constexpr std::size_t kSummary = 3;
  constexpr std::size_t kLeast = 6;
  constexpr std::size_t kMost = 9;
  const bool summary = call.size() == kSummary;
  if (!summary && (call.size() < kLeast || call.size() > kMost)) {
    return call.reply.error(errors::kSyntax);
  }
  Filter filter;
  if (!summary && !read(call, filter)) return;
  const auto stream = call.db.find<types::Stream>(call.key);
  if (stream.wrong_type()) return call.reply.error(errors::kWrongType);
  const types::Group* group = stream ? stream->group(call.arg(2)) : nullptr;
  if (group == nullptr) return reply_no_group(call, call.key.name, call.arg(2));
  if (summary) return reply_summary(call.reply, *group);
  const types::PendingIndex* index = &group->pending;
  if (filter.consumer) {
    const types::Consumer* consumer = group->consumer(*filter.consumer);
    if (consumer == nullptr) return call.reply.array(0);
    index = &consumer->pending;
  }
  reply_entries(call.reply, *index, filter, call.now_ms());
}

}  // namespace

std::span<const engine::Command> stream_xpending() {
  static constexpr Command kCommands[] = {
      {.name = "xpending",
       .family = Family::stream,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<xpending>(),
       .since = "5.0.0",
       .summary = "Returns the entries that a group has delivered and that are not acknowledged.",
       .complexity = "O(N) for N entries looked at; the summary O(N) for N consumers",
       .arguments = "key:key#0 group:string filters:block?(min-idle-time:integer@IDLE? "
                    "start:string end:string count:integer consumer:string?)",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
