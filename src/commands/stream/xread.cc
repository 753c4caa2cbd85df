#include <string>
#include <vector>

#include "larder/engine/command.h"
#include "larder/types/stream.h"
#include "read_options.h"
#include "stream_ids.h"
#include "stream_reply.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::StreamId;

constexpr std::string_view kNewOfNoGroup =
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> "
    "<consumer> option.";

keyspace::Found<types::Stream> find(Call& call, std::string_view name) {
  return call.db.find<types::Stream>(keyspace::Key::of(name));
}

// False if a key or an id is wrong; the error has been sent.
bool check_read(Call& call, const ReadOptions& options) {
  for (std::size_t i = 0; i < options.streams; ++i) {
    const std::string_view id = options.id(call, i);
    if (find(call, options.keys(call)[i]).wrong_type()) {
      return call.reply.error(errors::kWrongType), false;
    }
    if (id == "$") continue;
    if (id == ">") return call.reply.error(kNewOfNoGroup), false;
    if (!read_stream_id(call, id)) return false;
  }
  return true;
}

// The id after which the stream is read.
StreamId behind(const types::Stream& stream, std::string_view id) {
  return id == "$" ? stream.marks().last : *parse_stream_id(id);
}

void wait(Call& call, const ReadOptions& options) {
  // "$" is the current last id.
  std::vector<std::string> ids(options.streams);
  std::vector<std::string_view> words(call.args.begin(), call.args.end());
  for (std::size_t i = 0; i < options.streams; ++i) {
    if (options.id(call, i) != "$") continue;
    const auto stream = find(call, options.keys(call)[i]);
    types::StreamIdScratch scratch;
    ids[i] = types::print(stream ? stream->marks().last : StreamId(), scratch);
    words[options.first + options.streams + i] = ids[i];
  }
  const Wait wait{.keys = options.keys(call),
                  .type = types::Type::stream,
                  .timeout_ms = *options.block_ms,
                  .mode = WaitMode::watches,
                  .words = words};
  if (!call.wait_for(wait)) call.reply.null_array();
}

// False if no stream has an entry; nothing has been written then.
bool reply_entries(Call& call, const ReadOptions& options) {
  StreamsReply streams(call.reply);
  for (std::size_t i = 0; i < options.streams; ++i) {
    const std::string_view name = options.keys(call)[i];
    const auto stream = find(call, name);
    if (!stream || call.reply.drops()) continue;
    const StreamId after = behind(*stream, options.id(call, i));
    if (stream->last_entry() <= after) continue;
    streams.start(name);
    reply_stream_range(call.reply, *stream, *after.next(), StreamId::most(), options.count);
  }
  return streams.end();
}

void xread(Call& call) {
  const auto options = read_options(call, ReadKind::plain);
  if (!options || !check_read(call, *options)) return;
  const std::uint64_t before = call.reply.buffer().size();
  bool has_entries = false;
  const auto write = [&] { has_entries = reply_entries(call, *options); };
  if (!call.reply_first(write, call.resumed ? ReplyOrder::may_keep_waiting : ReplyOrder::any)) {
    return call.keep_waiting_for_room(before);
  }
  if (has_entries) return;
  if (!options->block_ms) return call.reply.null_array();
  wait(call, *options);
}

constexpr KeySpec kKeysOfRead{.begin = KeySpec::Begin::keyword,
                              .first = 1,
                              .keyword = "STREAMS",
                              .last = -1,
                              .limit = 2,
                              .flags = kRO | kAccess};

}  // namespace

std::span<const engine::Command> stream_xread() {
  static constexpr Command kCommands[] = {
      {.name = "xread",
       .family = Family::stream,
       .arity = at_least(4),
       .flags = kReads | kBlocks | kMovableKeys,
       .keys = {kKeysOfRead},
       .unspecified_key = first_stream,
       .handler = Handler::of<xread>(),
       .since = "5.0.0",
       .summary = "Returns the entries of streams after the given ids; can wait for new ones.",
       .complexity = "O(N) for N returned entries; each waiting client costs the XADD that serves "
                     "it as much",
       .arguments = "count:integer@COUNT? milliseconds:integer@BLOCK? "
                    "streams:block@STREAMS(key:key#0* id:string*)"},
  };
  return kCommands;
}

}  // namespace larder::commands
