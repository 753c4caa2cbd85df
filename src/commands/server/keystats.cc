#include <algorithm>
#include <optional>

#include "../container_help.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"
#include "larder/observe/hot_keys.h"

namespace larder::commands {
namespace {

using namespace engine;
using namespace observe;

constexpr std::int64_t kDefaultKeys = 10;
constexpr std::string_view kNoCount = "ERR COUNT must be greater than 0";

struct Options {
  std::size_t count = kDefaultKeys;
  int db = -1;
  std::optional<types::Type> type;
};

std::optional<types::Type> type_named(std::string_view name) {
  for (std::size_t i = 0; i < types::kTypes; ++i) {
    const auto type = static_cast<types::Type>(i);
    if (base::equals_ignoring_case(types::row(type).name, name)) return type;
  }
  return std::nullopt;
}

enum class Takes : std::uint8_t { no_type, type };

// Nothing if the options were wrong; the error has been sent.
std::optional<Options> read_options(Call& call, std::int64_t databases, Takes takes) {
  Options options;
  ArgReader args(call, 2);
  while (args.more()) {
    if (args.option("COUNT")) {
      const std::int64_t count = args.integer();
      if (count < 1) args.fail(kNoCount);
      options.count = static_cast<std::size_t>(count);
    } else if (args.option("DB")) {
      const std::int64_t db = args.integer(errors::kInvalidDbIndex);
      if (db < 0 || db >= databases) args.fail(errors::kDbOutOfRange);
      options.db = static_cast<int>(db);
    } else if (takes == Takes::type && args.option("TYPE")) {
      options.type = type_named(args.text());
      if (!options.type) args.fail("ERR unknown type name");
    } else {
      args.fail(errors::kSyntax);
    }
  }
  if (args.failed()) return std::nullopt;
  return options;
}

void keystats_hot(Call& call, HotKeys& hot_keys, keyspace::Settings& settings) {
  const auto options = read_options(call, settings.databases.value(), Takes::no_type);
  if (!options) return;
  if (!hot_keys.is_on()) {
    return call.reply.error("ERR commands are not sampled: hot-keys-sample is 0");
  }
  const auto keys = hot_keys.hottest(options->db, options->count);
  call.reply.array(keys.size());
  for (const HotKey& key : keys) {
    call.reply.map(5);
    call.reply.bulk("key");
    call.reply.bulk(key.name);
    call.reply.bulk("db");
    call.reply.integer(key.db);
    call.reply.bulk("touches-per-second");
    call.reply.real(key.touches_per_second);
    call.reply.bulk("error-per-second");
    call.reply.real(key.error_per_second);
    call.reply.bulk("share");
    call.reply.real(key.share);
  }
}

void write_size(resp::Writer& reply, const keyspace::Entry& entry) {
  const auto elements = types::row(entry.type()).size;
  const std::size_t size = elements == nullptr ? entry.string().size() : elements(entry.storage());
  reply.integer(static_cast<std::int64_t>(size));
}

void keystats_big(Call& call, keyspace::Keyspace& keyspace) {
  const auto options =
      read_options(call, static_cast<std::int64_t>(keyspace.databases()), Takes::type);
  if (!options) return;
  if (!keyspace.tracks_big_keys()) {
    return call.reply.error("ERR the largest keys are not tracked: big-keys-tracking is no");
  }
  const auto keys = keyspace.big_keys(options->db, options->type, options->count);
  call.reply.array(keys.size());
  for (const keyspace::BigKey& key : keys) {
    call.reply.map(5);
    call.reply.bulk("key");
    call.reply.bulk(key.entry->key());
    call.reply.bulk("db");
    call.reply.integer(key.db);
    call.reply.bulk("type");
    call.reply.bulk(types::row(key.entry->type()).name);
    call.reply.bulk("bytes");
    call.reply.integer(static_cast<std::int64_t>(key.bytes));
    call.reply.bulk("size");
    write_size(call.reply, *key.entry);
  }
}

void keystats_reset(Call& call, HotKeys& hot_keys) {
  hot_keys.reset();
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_keystats() {
  static constexpr Command kCommands[] = {
      {.name = "keystats",
       .family = Family::server,
       .arity = at_least(2),
       .since = "7.2.6",
       .summary = "Commands about the most used and the largest keys.",
       .complexity = "Depends on subcommand."},
      {.name = "keystats big",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kAdmin,
       .handler = Handler::of<keystats_big>(),
       .since = "7.2.6",
       .summary = "Lists the largest keys with their bytes and their size: elements, or bytes of a "
                  "string.",
       .complexity = "O(1), and up to a millisecond of looking for larger ones.",
       .arguments = "count:integer@COUNT? index:integer@DB? type:string@TYPE?",
       .tips = "nondeterministic_output"},
      {.name = "keystats help",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "7.2.6",
       .summary = "Lists the subcommands.",
       .complexity = "O(1)"},
      {.name = "keystats hot",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kAdmin | kLoading | kStale,
       .handler = Handler::of<keystats_hot>(),
       .since = "7.2.6",
       .summary = "Lists the keys that commands named most often in the last minutes.",
       .complexity = "O(1)",
       .arguments = "count:integer@COUNT? index:integer@DB?",
       .tips = "nondeterministic_output"},
      {.name = "keystats reset",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kAdmin | kLoading | kStale,
       .handler = Handler::of<keystats_reset>(),
       .since = "7.2.6",
       .summary = "Resets the counters of hot keys.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
