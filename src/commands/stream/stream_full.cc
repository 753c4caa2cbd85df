#include "stream_full.h"

#include "stream_reply.h"

namespace larder::commands {
namespace {

void reply_pending(resp::Writer& reply, const types::PendingIndex& index, std::uint64_t most,
                   bool with_consumer) {
  const auto mark = reply.begin_array();
  std::uint64_t entries = 0;
  for (auto at = index.first(); index.valid(at) && (most == 0 || entries < most) && !reply.drops();
       at = index.next(at)) {
    const types::Pending& pending = *index[at];
    reply.array(with_consumer ? 4 : 3);
    reply_stream_id(reply, pending.id);
    if (with_consumer) reply.bulk(pending.consumer()->name());
    reply.integer(pending.delivered_ms);
    reply.integer(static_cast<std::int64_t>(pending.deliveries));
    ++entries;
  }
  reply.end_array(mark, entries);
}

void reply_consumer(resp::Writer& reply, const types::Consumer& consumer, std::uint64_t most) {
  reply.map(5);
  reply.bulk("name");
  reply.bulk(consumer.name());
  reply.bulk("seen-time");
  reply.integer(consumer.seen_ms);
  reply.bulk("active-time");
  reply.integer(consumer.active_ms);
  reply_pair(reply, "pel-count", consumer.pending.size());
  reply.bulk("pending");
  reply_pending(reply, consumer.pending, most, /*with_consumer=*/false);
}

void reply_group(resp::Writer& reply, const types::Stream& stream, const types::Group& group,
                 std::uint64_t most) {
  reply.map(7);
  reply.bulk("name");
  reply.bulk(group.name());
  reply.bulk("last-delivered-id");
  reply_stream_id(reply, group.last_id);
  reply_group_progress(reply, stream, group);
  reply_pair(reply, "pel-count", group.pending.size());
  reply.bulk("pending");
  reply_pending(reply, group.pending, most, /*with_consumer=*/true);
  reply.bulk("consumers");
  reply.array(group.consumers.size());
  for (const types::Consumer* consumer : group.consumers) reply_consumer(reply, *consumer, most);
}

}  // namespace

void reply_pair(resp::Writer& reply, std::string_view name, std::uint64_t value) {
  reply.bulk(name);
  reply.integer(static_cast<std::int64_t>(value));
}

void reply_stream_marks(resp::Writer& reply, const types::Stream& stream) {
  const types::StreamMarks& marks = stream.marks();
  reply_pair(reply, "length", marks.length);
  // Named after Redis's index; here they are the nodes, and the index's leaves with its root.
  reply_pair(reply, "radix-tree-keys", stream.nodes().size());
  reply_pair(reply, "radix-tree-nodes", stream.nodes().leaves() + 1);
  reply.bulk("last-generated-id");
  reply_stream_id(reply, marks.last);
  reply.bulk("max-deleted-entry-id");
  reply_stream_id(reply, marks.max_deleted);
  reply_pair(reply, "entries-added", marks.added);
  reply.bulk("recorded-first-entry-id");
  reply_stream_id(reply, marks.first);
}

void reply_group_progress(resp::Writer& reply, const types::Stream& stream,
                          const types::Group& group) {
  reply.bulk("entries-read");
  if (group.entries_read == types::Group::kUnknown) {
    reply.null();
  } else {
    reply.integer(group.entries_read);
  }
  reply.bulk("lag");
  const auto lag = stream.lag(group);
  if (lag) {
    reply.integer(static_cast<std::int64_t>(*lag));
  } else {
    reply.null();
  }
}

void reply_stream_full(resp::Writer& reply, const types::Stream& stream, std::uint64_t most) {
  reply.map(9);
  reply_stream_marks(reply, stream);
  reply.bulk("entries");
  reply_stream_range(reply, stream, types::StreamId::least(), types::StreamId::most(), most);
  reply.bulk("groups");
  reply.array(stream.groups().size());
  for (const types::Group* group : stream.groups()) reply_group(reply, stream, *group, most);
}

}  // namespace larder::commands
