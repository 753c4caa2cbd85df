#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/stream.h"
#include "stream_ids.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::StreamId;

struct SetIdOptions {
  std::optional<std::int64_t> added;
  StreamId max_deleted;
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, StreamId id, SetIdOptions& options) {
  ArgReader reader(call, 3);
  while (reader.more()) {
    if (reader.option("ENTRIESADDED")) {
      options.added = reader.integer();
      if (*options.added < 0) reader.fail("ERR entries_added must be positive");
    } else if (reader.option("MAXDELETEDID")) {
      const auto given = parse_stream_id(reader.text());
      if (!given) reader.fail(kInvalidStreamId);
      options.max_deleted = given.value_or(StreamId());
      if (id < options.max_deleted) {
        reader.fail(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
      }
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

// The error if these values are invalid for the stream; empty if they are valid.
std::string_view refusal(const types::Stream& stream, StreamId id, const SetIdOptions& options) {
  if (id < stream.marks().max_deleted) {
    return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
  }
  if (stream.size() > 0 && id < stream.last_entry()) {
    return "ERR The ID specified in XSETID is smaller than the target stream top item";
  }
  if (options.added && stream.size() > static_cast<std::uint64_t>(*options.added)) {
    return "ERR The entries_added specified in XSETID is smaller than the target stream length";
  }
  return {};
}

void xsetid(Call& call) {
  const auto id = read_stream_id(call, call.arg(2));
  if (!id) return;
  SetIdOptions options;
  if (!read(call, *id, options)) return;
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found) return call.reply.error(errors::kNoSuchKey);
  const std::string_view why = refusal(*found, *id, options);
  if (!why.empty()) return call.reply.error(why);
  keyspace::Edit<types::Stream> edit(call.db, call.key, found.entry(), keyspace::Event::xsetid);
  edit->set_last(*id);
  if (options.added) edit->set_added(static_cast<std::uint64_t>(*options.added));
  if (!options.max_deleted.zero()) edit->set_max_deleted(options.max_deleted);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> stream_xsetid() {
  static constexpr Command kCommands[] = {
      {.name = "xsetid",
       .family = Family::stream,
       .arity = at_least(3),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<xsetid>(),
       .since = "5.0.0",
       .summary = "Sets the last id and the counters of a stream; for replication.",
       .complexity = "O(1)",
       .arguments = "key:key#0 last-id:string entries_added:integer@ENTRIESADDED? "
                    "max_deleted_entry_id:string@MAXDELETEDID?"},
  };
  return kCommands;
}

}  // namespace larder::commands
