#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set_operations.h"
#include "operands.h"

namespace larder::commands {
namespace {

using namespace engine;

void sintercard(Call& call) {
  ArgReader count_reader(call, 1);
  const std::int64_t count = count_reader.integer("ERR numkeys should be greater than 0");
  if (count < 1) count_reader.fail("ERR numkeys should be greater than 0");
  if (count > static_cast<std::int64_t>(call.size() - 2)) {
    count_reader.fail("ERR Number of keys can't be greater than number of args");
  }
  if (count_reader.failed()) return;

  const auto keys = static_cast<std::size_t>(count);
  std::int64_t limit = 0;
  ArgReader options(call, 2 + keys);
  while (options.more()) {
    if (options.option("LIMIT")) {
      limit = options.integer("ERR LIMIT can't be negative");
      if (limit < 0) options.fail("ERR LIMIT can't be negative");
    } else {
      options.fail(errors::kSyntax);
    }
  }
  if (options.failed()) return;

  Operands operands;
  if (!operands.read(call, 2, keys)) return;
  if (operands.any_empty()) return call.reply.integer(0);
  std::int64_t found = 0;
  types::intersect(operands.sets(), [&](const types::String&) { return ++found != limit; });
  call.reply.integer(found);
}

}  // namespace

std::span<const engine::Command> set_sintercard() {
  static constexpr Command kCommands[] = {
      {.name = "sintercard",
       .family = Family::set,
       .arity = at_least(3),
       .flags = kReads | kMovableKeys,
       .keys = {KeySpec::counted(1, kRO | kAccess)},
       .handler = Handler::of<sintercard>(),
       .since = "7.0.0",
       .summary = "Returns the number of members that are in all of the sets.",
       .complexity = "O(N*M) for M sets of which the smallest has N members",
       .arguments = "numkeys:integer key:key#0* limit:integer@LIMIT?"},
  };
  return kCommands;
}

}  // namespace larder::commands
