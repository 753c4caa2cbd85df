#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

// Redis reads the numbers of databases as 32-bit integers.
std::int64_t read_index(ArgReader& args, std::string_view error) {
  const std::int64_t index = args.integer(error);
  if (index < INT32_MIN || index > INT32_MAX) args.fail(error);
  return index;
}

void swapdb(Call& call, keyspace::Keyspace& keyspace) {
  ArgReader args(call, 1);
  const std::int64_t first = read_index(args, "ERR invalid first DB index");
  const std::int64_t second = read_index(args, "ERR invalid second DB index");
  if (args.failed()) return;
  const auto count = static_cast<std::int64_t>(keyspace.databases());
  if (first < 0 || first >= count || second < 0 || second >= count) {
    return call.reply.error(errors::kDbOutOfRange);
  }
  keyspace.swap(static_cast<std::size_t>(first), static_cast<std::size_t>(second));
  if (first == second) keyspace.log().count_more(1);
  call.propagate({call.arg(0), call.arg(1), call.arg(2)});
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_swapdb() {
  static constexpr Command kCommands[] = {
      {.name = "swapdb",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kWrites | kFast,
       .categories = kKeyspace | kDangerous,
       .handler = Handler::of<swapdb>(),
       .since = "4.0.0",
       .summary = "Exchanges the contents of two databases for all connections.",
       .complexity = "O(1)",
       .arguments = "index1:integer index2:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
