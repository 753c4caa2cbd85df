#include "../container_help.h"
#include "function_changes.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"
#include "larder/keyspace/settings.h"

namespace larder::commands {
namespace {

using namespace engine;
using scripting::Functions;
using scripting::Runtime;

std::string shown(std::string_view word) {
  constexpr std::size_t kMostShown = 128;
  return std::string(word.substr(0, kMostShown));
}

bool is_word(const Call& call, std::size_t index, std::string_view word) {
  return base::equals_ignoring_case(call.arg(index), word);
}

void function_load(Call& call, Functions& functions, keyspace::Keyspace& keyspace) {
  auto existing = Functions::Existing::is_an_error;
  std::size_t at = 2;
  for (; at + 1 < call.size(); ++at) {
    if (!is_word(call, at, "replace")) {
      return call.reply.error("ERR", "Unknown option given: " + shown(call.arg(at)));
    }
    existing = Functions::Existing::is_replaced;
  }
  const auto loaded = functions.load(call.arg(at), existing, function_bounds(keyspace));
  if (!loaded) return call.reply.error("ERR", loaded.error().text);
  note_function_change(call, keyspace);
  call.reply.bulk(loaded.value());
}

void function_delete(Call& call, Functions& functions, keyspace::Keyspace& keyspace) {
  if (!functions.remove(call.arg(2))) return call.reply.error("ERR Library not found");
  note_function_change(call, keyspace);
  call.reply.ok();
}

void function_flush(Call& call, Functions& functions, keyspace::Keyspace& keyspace,
                    keyspace::Settings& settings) {
  if (call.size() > 3) return reply_wrong_count(call);
  bool in_steps = settings.lazyfree_lazy_user_flush.value();
  if (call.size() == 3) {
    in_steps = is_word(call, 2, "async");
    if (!in_steps && !is_word(call, 2, "sync")) {
      return call.reply.error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
  }
  functions.flush(in_steps ? Runtime::Freeing::in_steps : Runtime::Freeing::at_once);
  note_function_change(call, keyspace);
  call.reply.ok();
}

void function_list(Call& call, Functions& functions) {
  std::optional<std::string_view> pattern;
  auto code = Functions::Shown::without_code;
  for (std::size_t i = 2; i < call.size(); ++i) {
    if (code == Functions::Shown::without_code && is_word(call, i, "withcode")) {
      code = Functions::Shown::with_code;
    } else if (!pattern && is_word(call, i, "libraryname")) {
      if (++i == call.size()) return call.reply.error("ERR library name argument was not given");
      pattern = call.arg(i);
    } else {
      return call.reply.error("ERR", "Unknown argument " + shown(call.arg(i)));
    }
  }
  functions.list(call.reply, pattern, code);
}

void function_stats(Call& call, Functions& functions) { functions.write_statistics(call.reply); }

void function_kill(Call& call, Runtime& scripts) {
  scripts.kill(call, scripting::RunKind::function);
}

constexpr std::string_view kOnAllShards = "request_policy:all_shards response_policy:all_succeeded";
constexpr std::uint32_t kChanges = kNoScript | kWrites;

}  // namespace

std::span<const engine::Command> scripting_function() {
  static constexpr Command kCommands[] = {
      {.name = "function",
       .family = Family::scripting,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "7.0.0",
       .summary = "A container for commands on functions.",
       .complexity = "Depends on subcommand."},
      {.name = "function delete",
       .family = Family::scripting,
       .arity = exactly(3),
       .flags = kChanges,
       .handler = Handler::of<function_delete>(),
       .since = "7.0.0",
       .summary = "Removes a library and its functions.",
       .complexity = "O(N) for N functions of all libraries",
       .arguments = "library-name:string",
       .tips = kOnAllShards},
      {.name = "function flush",
       .family = Family::scripting,
       .arity = at_least(2),
       .flags = kChanges,
       .handler = Handler::of<function_flush>(),
       .since = "7.0.0",
       .summary = "Removes all libraries.",
       .complexity = "O(N) for N functions",
       .arguments = "flush-type:oneof?(async:pure-token@ASYNC sync:pure-token@SYNC)",
       .tips = kOnAllShards},
      {.name = "function help",
       .family = Family::scripting,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .handler = Handler::of<container_help>(),
       .since = "7.0.0",
       .summary = "Prints this help.",
       .complexity = "O(1)"},
      {.name = "function kill",
       .family = Family::scripting,
       .arity = exactly(2),
       .flags = kNoScript | kAllowBusy,
       .handler = Handler::of<function_kill>(),
       .since = "7.0.0",
       .summary = "Ends the function that is running, if it has not written.",
       .complexity = "O(1)",
       .tips = "request_policy:all_shards response_policy:one_succeeded"},
      {.name = "function list",
       .family = Family::scripting,
       .arity = at_least(2),
       .flags = kNoScript,
       .only_shows = true,
       .handler = Handler::of<function_list>(),
       .since = "7.0.0",
       .summary = "Returns the libraries with their functions.",
       .complexity = "O(N) for N functions",
       .arguments = "library-name-pattern:string@LIBRARYNAME? withcode:pure-token@WITHCODE?",
       .tips = "nondeterministic_output_order"},
      {.name = "function load",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kChanges | kGrows,
       .handler = Handler::of<function_load>(),
       .since = "7.0.0",
       .summary = "Adds a library, and returns its name.",
       .complexity = "O(N) for N bytes of the library",
       .arguments = "replace:pure-token@REPLACE? function-code:string",
       .tips = kOnAllShards},
      {.name = "function stats",
       .family = Family::scripting,
       .arity = exactly(2),
       .flags = kNoScript | kAllowBusy,
       .only_shows = true,
       .handler = Handler::of<function_stats>(),
       .since = "7.0.0",
       .summary = "Returns which function runs, and the numbers of libraries and functions.",
       .complexity = "O(1)",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
