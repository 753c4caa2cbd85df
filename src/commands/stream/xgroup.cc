#include <string>

#include "../container_help.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/stream.h"
#include "stream_ids.h"

namespace larder::commands {
namespace {

using namespace engine;
using Found = keyspace::Found<types::Stream>;

constexpr std::string_view kNeedsKey =
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use "
    "the MKSTREAM option to create an empty stream automatically.";

struct GroupOptions {
  bool make_stream = false;
  std::int64_t entries_read = types::Group::kUnknown;
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, bool may_make_stream, GroupOptions& options) {
  ArgReader reader(call, 5);
  while (reader.more()) {
    if (may_make_stream && reader.word("MKSTREAM")) {
      options.make_stream = true;
    } else if (reader.option("ENTRIESREAD")) {
      options.entries_read = reader.integer();
      if (options.entries_read < types::Group::kUnknown) {
        reader.fail("ERR value for ENTRIESREAD must be positive or -1");
      }
    } else {
      std::string text = "ERR unknown subcommand or wrong number of arguments for '";
      text.append(call.arg(1).substr(0, 128)).append("'. Try XGROUP HELP.");
      call.reply.error(text);
      return false;
    }
  }
  return !reader.failed();
}

// Nothing if the key is missing or has another type; the error has been sent.
std::optional<Found> find_to_change(Call& call, bool may_be_absent = false) {
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType), std::nullopt;
  if (!found && !may_be_absent) return call.reply.error(kNeedsKey), std::nullopt;
  return found;
}

// The same if the group must exist too.
std::optional<Found> find_group(Call& call) {
  auto found = find_to_change(call);
  if (!found || (*found)->group(call.arg(3)) != nullptr) return found;
  std::string text = "NOGROUP No such consumer group '";
  text.append(call.arg(3)).append("' for key name '").append(call.arg(2)).append("'");
  call.reply.error(text);
  return std::nullopt;
}

std::optional<types::StreamId> read_last(Call& call, const Found& stream) {
  if (call.arg(4) != "$") return read_stream_id(call, call.arg(4));
  return stream ? stream->marks().last : types::StreamId();
}

// SETID takes the ends of ranges too, as in Redis.
std::optional<types::StreamId> read_new_last(Call& call, const Found& stream) {
  if (call.arg(4) == "-") return types::StreamId::least();
  if (call.arg(4) == "+") return types::StreamId::most();
  return read_last(call, stream);
}

void xgroup_create(Call& call) {
  GroupOptions options;
  if (!read(call, /*may_make_stream=*/true, options)) return;
  const auto found = find_to_change(call, options.make_stream);
  if (!found) return;
  const auto last = read_last(call, *found);
  if (!last) return;
  keyspace::Edit<types::Stream> edit(call.db, call.key, found->entry(),
                                     keyspace::Event::xgroup_create);
  if (edit->create_group(call.arg(3), *last, options.entries_read) == nullptr) {
    edit.discard();
    return call.reply.error("BUSYGROUP Consumer Group name already exists");
  }
  call.reply.ok();
}

void xgroup_setid(Call& call) {
  GroupOptions options;
  if (!read(call, /*may_make_stream=*/false, options)) return;
  const auto found = find_group(call);
  if (!found) return;
  const auto last = read_new_last(call, *found);
  if (!last) return;
  keyspace::Edit<types::Stream> edit(call.db, call.key, found->entry(),
                                     keyspace::Event::xgroup_setid);
  types::Group& group = *edit->group(call.arg(3));
  group.last_id = *last;
  group.entries_read = options.entries_read;
  call.reply.ok();
}

// With more pending entries than this a group or a consumer is destroyed in steps.
constexpr std::size_t kMostDestroyedAtOnce = 512;

void destroy_group(keyspace::Database& db, types::Stream& stream, types::Group& group) {
  if (group.pending.size() <= kMostDestroyedAtOnce) {
    stream.destroy_group(group.name());
  } else {
    db.defer_free(types::Type::stream, stream.take_group(group).storage());
  }
}

void xgroup_destroy(Call& call) {
  const auto found = find_to_change(call);
  if (!found) return;
  if ((*found)->group(call.arg(3)) == nullptr) return call.reply.integer(0);
  keyspace::Edit<types::Stream> edit(call.db, call.key, found->entry(),
                                     keyspace::Event::xgroup_destroy);
  destroy_group(call.db, *edit, *edit->group(call.arg(3)));
  call.reply.integer(1);
}

void xgroup_createconsumer(Call& call) {
  const auto found = find_group(call);
  if (!found) return;
  keyspace::Edit<types::Stream> edit(call.db, call.key, found->entry(),
                                     keyspace::Event::xgroup_createconsumer);
  types::Group& group = *edit->group(call.arg(3));
  const bool is_new = group.consumer(call.arg(4)) == nullptr;
  if (is_new) {
    edit->create_consumer(group, call.arg(4), call.now_ms());
  } else {
    edit.discard();
  }
  call.reply.integer(is_new ? 1 : 0);
}

// Returns the number of pending entries that were removed with it.
std::size_t destroy_consumer(keyspace::Database& db, types::Stream& stream, types::Group& group,
                             types::Consumer& consumer) {
  const std::size_t pending = consumer.pending.size();
  const std::size_t of_others = group.pending.size() - pending;
  if (pending <= kMostDestroyedAtOnce || pending <= of_others) {
    return stream.destroy_consumer(group, consumer);
  }
  db.defer_free(types::Type::stream, stream.take_consumer(group, consumer).storage());
  return pending;
}

void xgroup_delconsumer(Call& call) {
  const auto found = find_group(call);
  if (!found) return;
  keyspace::Edit<types::Stream> edit(call.db, call.key, found->entry(),
                                     keyspace::Event::xgroup_delconsumer);
  types::Group& group = *edit->group(call.arg(3));
  types::Consumer* consumer = group.consumer(call.arg(4));
  std::size_t pending = 0;
  if (consumer != nullptr) {
    pending = destroy_consumer(call.db, *edit, group, *consumer);
  } else {
    edit.discard();
  }
  call.reply.integer(static_cast<std::int64_t>(pending));
}

}  // namespace

std::span<const engine::Command> stream_xgroup() {
  static constexpr Command kCommands[] = {
      {.name = "xgroup",
       .family = Family::stream,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "5.0.0",
       .summary = "Creates and changes the consumer groups of a stream.",
       .complexity = "As its subcommands"},
      {.name = "xgroup create",
       .family = Family::stream,
       .arity = at_least(5),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(2, kRW | kInsert)},
       .handler = Handler::of<xgroup_create>(),
       .since = "5.0.0",
       .summary = "Creates a group that reads the entries after an id.",
       .complexity = "O(1)",
       .arguments = "key:key#0 groupname:string id:oneof(id:string new_id:pure-token@$) "
                    "mkstream:pure-token@MKSTREAM? entries_read:integer@ENTRIESREAD?"},
      {.name = "xgroup createconsumer",
       .family = Family::stream,
       .arity = exactly(5),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(2, kRW | kInsert)},
       .handler = Handler::of<xgroup_createconsumer>(),
       .since = "6.2.0",
       .summary = "Creates a consumer of a group.",
       .complexity = "O(1)",
       .arguments = "key:key#0 groupname:string consumername:string"},
      {.name = "xgroup delconsumer",
       .family = Family::stream,
       .arity = exactly(5),
       .flags = kWrites,
       .keys = {KeySpec::one(2, kRW | kDelete)},
       .handler = Handler::of<xgroup_delconsumer>(),
       .since = "5.0.0",
       .summary = "Removes a consumer with its pending entries and returns their number.",
       .complexity = "O(N) for N pending entries",
       .arguments = "key:key#0 groupname:string consumername:string"},
      {.name = "xgroup destroy",
       .family = Family::stream,
       .arity = exactly(4),
       .flags = kWrites,
       .keys = {KeySpec::one(2, kRW | kDelete)},
       .handler = Handler::of<xgroup_destroy>(),
       .since = "5.0.0",
       .summary = "Removes a group.",
       .complexity = "O(N) for N pending entries",
       .arguments = "key:key#0 groupname:string"},
      {.name = "xgroup help",
       .family = Family::stream,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "5.0.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "xgroup setid",
       .family = Family::stream,
       .arity = at_least(5),
       .flags = kWrites,
       .keys = {KeySpec::one(2, kRW | kUpdate)},
       .handler = Handler::of<xgroup_setid>(),
       .since = "5.0.0",
       .summary = "Sets the id up to which a group has read.",
       .complexity = "O(1)",
       .arguments = "key:key#0 groupname:string id:oneof(id:string new_id:pure-token@$) "
                    "entries_read:integer@ENTRIESREAD?"},
  };
  return kCommands;
}

}  // namespace larder::commands
