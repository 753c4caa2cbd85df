#include "deliveries.h"
#include "larder/engine/command.h"
#include "read_options.h"
#include "stream_ids.h"
#include "stream_reply.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::StreamId;

constexpr std::string_view kLastIsMeaningless =
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of "
    "this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would "
    "just return an empty result set.";
constexpr std::string_view kNew = ">";

// False if a key, its group or an id is wrong; the error has been sent.
bool check_group_read(Call& call, const ReadOptions& options) {
  for (std::size_t i = 0; i < options.streams; ++i) {
    const std::string_view name = options.keys(call)[i];
    const auto stream = call.db.find<types::Stream>(keyspace::Key::of(name));
    if (stream.wrong_type()) return call.reply.error(errors::kWrongType), false;
    if (!stream || stream->group(options.group) == nullptr) {
      reply_no_group(call, name, options.group, " in XREADGROUP with GROUP option");
      return false;
    }
    const std::string_view id = options.id(call, i);
    if (id == "$") return call.reply.error(kLastIsMeaningless), false;
    if (id != kNew && !read_stream_id(call, id)) return false;
  }
  return true;
}

// One stream's part of the command.
struct Reading {
  Call& call;
  const ReadOptions& options;
  std::string_view key;
  keyspace::Edit<types::Stream>& edit;
  types::Group& group;
  types::Consumer& consumer;
  std::int64_t now_ms;
};

void hand_over(const Reading& reading, StreamId id) {
  types::Pending* pending = reading.group.find(id);
  if (pending == nullptr) {
    pending = reading.edit->add_pending(reading.group, id, reading.now_ms);
  } else {
    pending->delivered_ms = reading.now_ms;
    pending->deliveries = 1;
  }
  reading.edit->assign(*pending, reading.consumer);
  reading.consumer.active_ms = reading.now_ms;
  propagate_claim(reading.call, reading.key, reading.group, *pending);
}

void reply_new(const Reading& reading) {
  resp::Writer& reply = reading.call.reply;
  types::StreamReader reader(*reading.edit, *reading.group.last_id.next(), StreamId::most());
  const auto mark = reply.begin_array();
  std::uint64_t entries = 0;
  while ((reading.options.count == 0 || entries < reading.options.count) && reader.next()) {
    reading.edit->advance(reading.group, reader.id());
    reply_stream_entry(reply, reader);
    if (!reading.options.no_ack) hand_over(reading, reader.id());
    ++entries;
  }
  reply.end_array(mark, entries);
  propagate_group_id(reading.call, reading.key, reading.group);
}

// Entries that the consumer has received before; entries deleted since then without contents.
void reply_history(const Reading& reading, StreamId after) {
  resp::Writer& reply = reading.call.reply;
  types::PendingIndex& index = reading.consumer.pending;
  const auto start = after.next();
  const auto mark = reply.begin_array();
  std::uint64_t entries = 0;
  for (auto at = start ? index.at_or_after(*start) : index.at_or_after(StreamId::most());
       start && index.valid(at); at = index.next(at)) {
    types::Pending& pending = *index[at];
    types::StreamReader reader(*reading.edit, pending.id, pending.id);
    if (reader.next()) {
      reply_stream_entry(reply, reader);
      pending.delivered_ms = reading.now_ms;
      ++pending.deliveries;
    } else {
      reply.array(2);
      reply_stream_id(reply, pending.id);
      reply.null_array();
    }
    if (++entries == reading.options.count) break;
  }
  reply.end_array(mark, entries);
}

void read_stream(Call& call, const ReadOptions& options, std::size_t i, std::int64_t now_ms,
                 StreamsReply& streams) {
  const std::string_view name = options.keys(call)[i];
  const auto key = keyspace::Key::of(name);
  keyspace::Entry* entry = call.db.look(key, keyspace::Look::write);
  keyspace::Edit<types::Stream> edit(call.db, key, entry, keyspace::Event::xdelivery);
  types::Group& group = *edit->group(options.group);
  bool is_new = false;
  types::Consumer& consumer = see_consumer(edit, group, options.consumer, now_ms, is_new);
  const Reading reading{call, options, name, edit, group, consumer, now_ms};
  const bool wants_new = options.id(call, i) == kNew;
  const bool has_new = wants_new && edit->last_entry() > group.last_id;
  // If entries are delivered and not NOACK, their propagation also creates the consumer.
  if (is_new && (!has_new || options.no_ack)) propagate_consumer(call, name, group, consumer);
  const bool replies = has_new || !wants_new;
  edit.count((replies ? 1 : 0) + (is_new ? 1 : 0));
  if (has_new) {
    streams.start(name);
    reply_new(reading);
  } else if (!wants_new) {
    streams.start(name);
    reply_history(reading, *parse_stream_id(options.id(call, i)));
  }
}

std::uint64_t new_bytes(const types::Stream& stream, const types::Group& group,
                        std::uint64_t count) {
  const auto first = group.last_id.next();
  if (!first) return 0;
  types::StreamReader reader(stream, *first, StreamId::most());
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; (count == 0 || i < count) && reader.next(); ++i) {
    bytes += most_reply_bytes(reader);
  }
  return bytes;
}

std::uint64_t history_bytes(const types::Stream& stream, const types::Consumer& consumer,
                            StreamId after, std::uint64_t count) {
  const types::PendingIndex& index = consumer.pending;
  const auto start = after.next();
  if (!start) return 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  for (auto at = index.at_or_after(*start); index.valid(at); at = index.next(at)) {
    types::StreamReader reader(stream, index[at]->id, index[at]->id);
    if (reader.next()) bytes += most_reply_bytes(reader);
    if (++entries == count) break;
  }
  return bytes;
}

// At most so many bytes is the reply; 0 if there is ample room for it.
std::uint64_t most_bytes(Call& call, const ReadOptions& options) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < options.streams; ++i) {
    const auto stream = call.db.find<types::Stream>(keyspace::Key::of(options.keys(call)[i]));
    const types::Group* const group = stream ? stream->group(options.group) : nullptr;
    if (group == nullptr || has_ample_room(call.reply, stream->footprint())) continue;
    const types::Consumer* const consumer = group->consumer(options.consumer);
    bytes += options.keys(call)[i].size();
    if (options.id(call, i) == kNew) {
      bytes += new_bytes(*stream, *group, options.count);
    } else if (consumer != nullptr) {
      const StreamId after = *parse_stream_id(options.id(call, i));
      bytes += history_bytes(*stream, *consumer, after, options.count);
    }
  }
  return bytes;
}

void xreadgroup(Call& call) {
  const auto options = read_options(call, ReadKind::group);
  if (!options || !check_group_read(call, *options)) return;
  const std::uint64_t before = call.reply.buffer().size();
  const Call::RoomForReply room(
      call, most_bytes(call, *options),
      call.resumed ? ReplyOrder::may_keep_waiting : ReplyOrder::before_effects);
  if (!room.is_there()) return call.keep_waiting_for_room(before);
  call.suppress_effects();
  StreamsReply streams(call.reply);
  for (std::size_t i = 0; i < options->streams; ++i) {
    read_stream(call, *options, i, call.now_ms(), streams);
  }
  if (streams.end()) return;
  if (!options->block_ms) return call.reply.null_array();
  const Wait wait{.keys = options->keys(call),
                  .type = types::Type::stream,
                  .timeout_ms = *options->block_ms,
                  .wakes_when_gone = true,
                  .rivals = base::hash_bytes(options->group)};
  if (!call.wait_for(wait)) call.reply.null_array();
}

constexpr KeySpec kKeysOfGroupRead{.begin = KeySpec::Begin::keyword,
                                   .first = 4,
                                   .keyword = "STREAMS",
                                   .last = -1,
                                   .limit = 2,
                                   .flags = kRO | kAccess};

}  // namespace

std::span<const engine::Command> stream_xreadgroup() {
  static constexpr Command kCommands[] = {
      {.name = "xreadgroup",
       .family = Family::stream,
       .arity = at_least(7),
       .flags = kWrites | kBlocks | kMovableKeys,
       .extends = true,
       .keys = {kKeysOfGroupRead},
       .unspecified_key = first_stream,
       .handler = Handler::of<xreadgroup>(),
       .since = "5.0.0",
       .summary = "Returns entries of streams that are new to a group, or those that one of its "
                  "consumers has not acknowledged; can wait for new ones.",
       .complexity = "O(N) for N returned entries",
       .arguments = "group_consumer:block@GROUP(group:string consumer:string) "
                    "count:integer@COUNT? milliseconds:integer@BLOCK? noack:pure-token@NOACK? "
                    "streams:block@STREAMS(key:key#0* id:string*)"},
  };
  return kCommands;
}

}  // namespace larder::commands
