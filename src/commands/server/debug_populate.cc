#include <algorithm>
#include <string>

#include "../container_help.h"
#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/engine/host.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kNotPositive = "ERR value is out of range, must be positive";

struct Population {
  std::int64_t count = 0;
  std::string_view prefix = "key";
  std::int64_t value_bytes = 0;  // 0: as long as the text is
};

// An integer from 0 on; negative ones get the same error as invalid ones.
std::int64_t read_positive(ArgReader& args) {
  const std::int64_t value = args.integer(kNotPositive);
  if (value < 0) args.fail(kNotPositive);
  return value;
}

void store(keyspace::Database& db, const Population& population, std::int64_t number) {
  const std::string digits = std::to_string(number);
  const std::string name = std::string(population.prefix) + ":" + digits;
  const auto key = keyspace::Key::of(name);
  if (db.look(key, keyspace::Look::write) != nullptr) return;
  std::string value = "value:" + digits;
  if (population.value_bytes > 0) value.resize(static_cast<std::size_t>(population.value_bytes));
  db.put(key, value);
  db.count_changes(0);
}

void debug_populate(Call& call, Limits& limits) {
  ArgReader args(call, 2);
  Population population;
  population.count = read_positive(args);
  if (args.more()) population.prefix = args.text();
  if (args.more()) population.value_bytes = read_positive(args);
  if (args.more()) return debug_usage(call);
  if (args.failed()) return;
  if (!limits.admits_string(static_cast<std::uint64_t>(population.value_bytes))) {
    return call.reply.error(errors::kStringTooLong);
  }
  call.suppress_effects();
  for (std::int64_t i = 0; i < population.count; ++i) store(call.db, population, i);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_debug_populate() {
  static constexpr Command kCommands[] = {
      {.name = "debug populate",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .handler = Handler::of<debug_populate>(),
       .since = "1.0.0",
       .summary = "Creates those of the keys prefix:0, prefix:1, ... that do not exist; this is "
                  "not replicated.",
       .complexity = "O(N) where N is the number of keys",
       .arguments = "count:integer prefix:string? size:integer?"},
  };
  return kCommands;
}

}  // namespace larder::commands
