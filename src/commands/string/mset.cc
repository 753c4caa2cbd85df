#include "../staged_keys.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"

namespace larder::commands {
namespace {

using namespace engine;

// False if the last key has no value; the error has been sent.
bool has_pairs(Call& call) {
  if (call.size() % 2 == 1) return true;
  call.reply.error("ERR wrong number of arguments for '" + call.command.full_name() + "' command");
  return false;
}

void put_pairs(Call& call) {
  for_each_key(call, 1, 2, [&call](const keyspace::Key& key, std::size_t index) {
    call.db.put(key, call.arg(index + 1));
  });
}

void mset(Call& call) {
  if (!has_pairs(call)) return;
  put_pairs(call);
  call.reply.ok();
}

void msetnx(Call& call) {
  if (!has_pairs(call)) return;
  bool any = false;
  for_each_key(call, 1, 2, [&call, &any](const keyspace::Key& key, std::size_t) {
    any = any || call.db.look(key, keyspace::Look::write) != nullptr;
  });
  if (any) return call.reply.integer(0);
  put_pairs(call);
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> string_mset() {
  static constexpr Command kCommands[] = {
      {.name = "mset",
       .family = Family::string,
       .arity = at_least(3),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::range(1, -1, 2, kOW | kUpdate)},
       .handler = Handler::of<mset>(),
       .since = "1.0.1",
       .summary = "Stores strings at several keys.",
       .complexity = "O(N) for N keys",
       .arguments = "data:block*(key:key#0 value:string)",
       .tips = "request_policy:multi_shard response_policy:all_succeeded"},
      {.name = "msetnx",
       .family = Family::string,
       .arity = at_least(3),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::range(1, -1, 2, kOW | kInsert)},
       .handler = Handler::of<msetnx>(),
       .since = "1.0.1",
       .summary = "Stores strings at several keys if none of them exists.",
       .complexity = "O(N) for N keys",
       .arguments = "data:block*(key:key#0 value:string)",
       .tips = "request_policy:multi_shard response_policy:agg_min"},
  };
  return kCommands;
}

}  // namespace larder::commands
