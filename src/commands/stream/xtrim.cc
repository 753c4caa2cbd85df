#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "trim_options.h"

namespace larder::commands {
namespace {

using namespace engine;

void propagate(Call& call, const TrimOptions& options, const types::Stream& stream) {
  if (!options.approximate()) return;
  TrimOptions::Scratch scratch;
  call.propagate(
      {"XTRIM", call.key.name, options.strategy(), "=", options.threshold(stream, scratch)});
}

void xtrim(Call& call, types::Settings& settings) {
  TrimOptions options;
  ArgReader reader(call, 2);
  while (reader.more()) {
    if (!options.read(reader)) reader.fail(errors::kSyntax);
  }
  options.check(reader, /*required=*/true, settings, TrimOptions::origin(call));
  if (reader.failed()) return;
  const auto found = call.db.find<types::Stream>(call.key, keyspace::Look::write);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found) return call.reply.integer(0);
  keyspace::Edit<types::Stream> edit(call.db, call.key, found.entry(), keyspace::Event::xtrim);
  const std::uint64_t gone = edit->trim(options.trim());
  edit.count(gone);
  if (gone != 0) propagate(call, options, *edit);
  call.reply.integer(static_cast<std::int64_t>(gone));
}

}  // namespace

std::span<const engine::Command> stream_xtrim() {
  static constexpr Command kCommands[] = {
      {.name = "xtrim",
       .family = Family::stream,
       .arity = at_least(4),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<xtrim>(),
       .since = "5.0.0",
       .summary = "Removes the oldest entries of a stream, down to a number or up to an id.",
       .complexity = "O(N) for N entries that go",
       .arguments =
           "key:key#0 trim:block(strategy:oneof(maxlen:pure-token@MAXLEN minid:pure-token@MINID) "
           "operator:oneof?(equal:pure-token@= approximately:pure-token@~) threshold:string "
           "count:integer@LIMIT?)",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
