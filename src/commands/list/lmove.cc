#include "larder/engine/command.h"
#include "move_element.h"

namespace larder::commands {
namespace {

using namespace engine;

void move(Call& call, const types::ListLimits& limits, const MoveRequest& request) {
  const auto source = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (source.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!source) return call.reply.null();
  move_element(call, limits, request, source);
}

void lmove(Call& call, types::Settings& settings) {
  const auto from = read_end(call.arg(3));
  const auto to = read_end(call.arg(4));
  if (!from || !to) return call.reply.error(errors::kSyntax);
  move(call, types::ListLimits::of(settings), {call.arg(1), call.arg(2), *from, *to});
}

void rpoplpush(Call& call, types::Settings& settings) {
  move(call, types::ListLimits::of(settings),
       {call.arg(1), call.arg(2), ListEnd::tail, ListEnd::head});
}

}  // namespace

std::span<const engine::Command> list_lmove() {
  static constexpr Command kCommands[] = {
      {.name = "lmove",
       .family = Family::list,
       .arity = exactly(5),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete), KeySpec::one(2, kRW | kInsert)},
       .handler = Handler::of<lmove>(),
       .since = "6.2.0",
       .summary = "Moves an element from one end of a list to one end of another, and returns it.",
       .complexity = "O(1)",
       .arguments = "source:key#0 destination:key#1 "
                    "wherefrom:oneof(left:pure-token@LEFT right:pure-token@RIGHT) "
                    "whereto:oneof(left:pure-token@LEFT right:pure-token@RIGHT)"},
      {.name = "rpoplpush",
       .family = Family::list,
       .arity = exactly(3),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete), KeySpec::one(2, kRW | kInsert)},
       .handler = Handler::of<rpoplpush>(),
       .since = "1.2.0",
       .summary = "Moves the last element of a list to the front of another, and returns it.",
       .complexity = "O(1)",
       .arguments = "source:key#0 destination:key#1",
       .deprecated_since = "6.2.0",
       .replaced_by = "`LMOVE` with `RIGHT` and `LEFT`"},
  };
  return kCommands;
}

}  // namespace larder::commands
