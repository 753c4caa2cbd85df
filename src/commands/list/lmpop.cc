#include "ends.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void lmpop(Call& call, types::Settings& settings) {
  const auto request = read_pop_request(call, 1);
  if (!request) return;
  const Popped popped = pop_first_list(call, types::ListLimits::of(settings), *request);
  if (popped == Popped::nothing) call.reply.null_array();
}

void blmpop(Call& call, types::Settings& settings) {
  auto request = read_pop_request(call, 2);
  if (!request) return;
  const auto timeout_ms = read_timeout(call, call.arg(1), TimeoutUnit::seconds);
  if (!timeout_ms) return;
  request->keys = call.candidates(request->keys);
  const Popped popped = pop_first_list(call, types::ListLimits::of(settings), *request);
  if (popped != Popped::nothing) return;
  const Wait wait{.keys = request->keys, .type = types::Type::list, .timeout_ms = *timeout_ms};
  if (!call.wait_for(wait)) call.reply.null_array();
}

}  // namespace

std::span<const engine::Command> list_lmpop() {
  static constexpr Command kCommands[] = {
      {.name = "blmpop",
       .family = Family::list,
       .arity = at_least(5),
       .flags = kWrites | kBlocks | kMovableKeys,
       .keys = {KeySpec::counted(2, kRW | kAccess | kDelete)},
       .handler = Handler::of<blmpop>(),
       .since = "7.0.0",
       .summary = "Like LMPOP, but waits if there is no element.",
       .complexity = "O(N+M) for N keys and M elements returned",
       .arguments = "timeout:double numkeys:integer key:key#0* "
                    "where:oneof(left:pure-token@LEFT right:pure-token@RIGHT) "
                    "count:integer@COUNT?"},
      {.name = "lmpop",
       .family = Family::list,
       .arity = at_least(4),
       .flags = kWrites | kMovableKeys,
       .keys = {KeySpec::counted(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<lmpop>(),
       .since = "7.0.0",
       .summary = "Removes and returns elements of the first list that exists.",
       .complexity = "O(N+M) for N keys and M elements returned",
       .arguments = "numkeys:integer key:key#0* "
                    "where:oneof(left:pure-token@LEFT right:pure-token@RIGHT) "
                    "count:integer@COUNT?"},
  };
  return kCommands;
}

}  // namespace larder::commands
