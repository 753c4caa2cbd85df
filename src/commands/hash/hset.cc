#include "larder/engine/command.h"
#include "larder/engine/command_table.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

// Sets the fields and returns how many are new; nothing if an error has been sent.
std::optional<std::int64_t> set_all(Call& call, types::Settings& settings) {
  if (call.size() % 2 != 0) {
    call.reply.error("ERR wrong number of arguments for '" + call.command.full_name() +
                     "' command");
    return std::nullopt;
  }
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) {
    call.reply.error(errors::kWrongType);
    return std::nullopt;
  }
  const auto limits = types::HashLimits::of(settings);
  const std::int64_t now_ms = call.expired_until_ms();
  HashEdit hash(call.db, call.key, found.entry(), keyspace::Event::hset);
  const std::size_t fields = (call.size() - 2) / 2;
  make_room(hash, fields, limits);
  hash.count(fields);
  std::int64_t created = 0;
  for (std::size_t i = 2; i < call.size(); i += 2) {
    created += hash->set(call.arg(i), call.arg(i + 1), limits, now_ms) ? 1 : 0;
  }
  return created;
}

void hset(Call& call, types::Settings& settings) {
  if (const auto created = set_all(call, settings)) call.reply.integer(*created);
}

void hmset(Call& call, types::Settings& settings) {
  if (set_all(call, settings)) call.reply.ok();
}

void hsetnx(Call& call, types::Settings& settings) {
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::int64_t now_ms = call.expired_until_ms();
  if (found && found->contains(call.arg(2), now_ms)) return call.reply.integer(0);
  HashEdit hash(call.db, call.key, found.entry(), keyspace::Event::hset);
  hash->set(call.arg(2), call.arg(3), types::HashLimits::of(settings), now_ms);
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> hash_hset() {
  static constexpr Command kCommands[] = {
      {.name = "hset",
       .family = Family::hash,
       .arity = at_least(4),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hset>(),
       .since = "2.0.0",
       .summary = "Sets fields of a hash and returns how many of them are new.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 field_value:block*(field:string value:string)"},
      {.name = "hmset",
       .family = Family::hash,
       .arity = at_least(4),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hmset>(),
       .since = "2.0.0",
       .summary = "Sets fields of a hash.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 field_value:block*(field:string value:string)",
       .deprecated_since = "4.0.0",
       .replaced_by = "`HSET` with several fields"},
      {.name = "hsetnx",
       .family = Family::hash,
       .arity = exactly(4),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<hsetnx>(),
       .since = "2.0.0",
       .summary = "Sets a field of a hash unless the field exists.",
       .complexity = "O(1)",
       .arguments = "key:key#0 field:string value:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
