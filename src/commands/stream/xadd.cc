#include <algorithm>
#include <vector>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "stream_ids.h"
#include "stream_reply.h"
#include "trim_options.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::StreamId;

constexpr std::string_view kTooSmall =
    "ERR The ID specified in XADD is equal or smaller than the target stream top item";
constexpr std::string_view kZero = "ERR The ID specified in XADD must be greater than 0-0";
constexpr std::string_view kExhausted =
    "ERR The stream has exhausted the last possible ID, unable to add more items";
constexpr std::string_view kTooLarge = "ERR Elements are too large to be stored";

struct Options {
  enum class Id : std::uint8_t { from_clock, from_ms, given };
  Id kind = Id::from_clock;
  StreamId id;
  bool may_create = true;
  TrimOptions trim;
  std::size_t first = 0;  // the first field
};

void read_id(ArgReader& reader, Options& options) {
  const std::string_view text = reader.text();
  if (text == "*") return;
  if (const auto id = parse_stream_id(text)) {
    options.kind = Options::Id::given;
    options.id = *id;
  } else if (const auto ms = parse_stream_ms(text)) {
    options.kind = Options::Id::from_ms;
    options.id = {*ms, 0};
  } else {
    reader.fail(kInvalidStreamId);
  }
}

// False if an option is wrong; the error has been sent.
bool read(Call& call, const types::Settings& settings, Options& options) {
  ArgReader reader(call, 2);
  bool has_id = false;
  while (reader.more() && !has_id) {
    if (call.arg(call.size() - reader.left()) != "*") {
      if (options.trim.read(reader)) continue;
      if (reader.word("NOMKSTREAM")) {
        options.may_create = false;
        continue;
      }
    }
    read_id(reader, options);
    has_id = true;
  }
  options.trim.check(reader, /*required=*/false, settings, TrimOptions::origin(call));
  if (reader.left() < 2 || reader.left() % 2 != 0) {
    reader.fail("ERR wrong number of arguments for 'xadd' command");
  }
  options.first = call.size() - reader.left();
  if (options.kind == Options::Id::given && options.id.zero()) reader.fail(kZero);
  return !reader.failed();
}

// The new entry's id; nothing if there is no id above the stream's last one.
std::optional<StreamId> choose_id(const Options& options, StreamId last, std::int64_t now_ms) {
  StreamId id = options.id;
  if (options.kind == Options::Id::from_clock) {
    const auto ms = static_cast<std::uint64_t>(now_ms);
    return ms > last.ms ? StreamId{ms, 0} : last.next();
  }
  if (options.kind == Options::Id::from_ms && id.ms == last.ms) {
    if (last.seq == StreamId::kMost) return std::nullopt;
    id.seq = last.seq + 1;
  }
  return id > last ? std::optional(id) : std::nullopt;
}

bool are_too_large(resp::Args pairs) {
  std::size_t bytes = 0;
  for (const std::string_view text : pairs) bytes += text.size();
  return bytes > types::Stream::kMostEntryBytes;
}

// The propagated command has the chosen id, and an exact trim with the same result.
void propagate(Call& call, const Options& options, StreamId id, const types::Stream& stream) {
  if (options.kind == Options::Id::given && !options.trim.approximate()) return;
  std::vector<std::string_view> words{"XADD", call.key.name};
  if (!options.may_create) words.push_back("NOMKSTREAM");
  TrimOptions::Scratch threshold;
  if (options.trim.given()) {
    words.insert(words.end(),
                 {options.trim.strategy(), "=", options.trim.threshold(stream, threshold)});
  }
  types::StreamIdScratch scratch;
  words.push_back(types::print(id, scratch));
  const resp::Args pairs = call.args.subspan(options.first);
  words.insert(words.end(), pairs.begin(), pairs.end());
  call.effects.replace(words);
}

void trim(Call& call, const Options& options) {
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  keyspace::Edit<types::Stream> edit(call.db, call.key, entry, keyspace::Event::xtrim);
  // The entry and the trim count as one change.
  edit->trim(options.trim.trim()) == 0 ? edit.discard() : call.db.count_changes(0);
}

void xadd(Call& call, types::Settings& settings) {
  Options options;
  if (!read(call, settings, options)) return;
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found && !options.may_create) return call.reply.null();
  const StreamId last = found ? found->marks().last : StreamId();
  if (last == StreamId::most()) return call.reply.error(kExhausted);
  const auto id = choose_id(options, last, call.now_ms());
  if (!id) return call.reply.error(kTooSmall);
  const resp::Args pairs = call.args.subspan(options.first);
  if (are_too_large(pairs)) return call.reply.error(kTooLarge);
  {
    keyspace::Edit<types::Stream> edit(call.db, call.key, found.entry(), keyspace::Event::xadd);
    edit->append(*id, pairs, node_limits(settings));
  }
  reply_stream_id(call.reply, *id);
  if (options.trim.given()) trim(call, options);
  if (call.effects.listened()) {
    propagate(call, options, *id, *call.db.find<types::Stream>(call.key, keyspace::Look::write));
  }
}

}  // namespace

std::span<const engine::Command> stream_xadd() {
  static constexpr Command kCommands[] = {
      {.name = "xadd",
       .family = Family::stream,
       .arity = at_least(5),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<xadd>(),
       .since = "5.0.0",
       .summary = "Adds an entry at the end of a stream, which may be trimmed at its front.",
       .complexity = "O(1), and O(N) for N trimmed entries",
       .arguments =
           "key:key#0 nomkstream:pure-token@NOMKSTREAM? "
           "trim:block?(strategy:oneof(maxlen:pure-token@MAXLEN minid:pure-token@MINID) "
           "operator:oneof?(equal:pure-token@= approximately:pure-token@~) threshold:string "
           "count:integer@LIMIT?) id_or_auto:oneof(auto_id:pure-token@* id:string) "
           "field_value:block*(field:string value:string)",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
