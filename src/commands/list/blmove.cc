#include "larder/engine/command.h"
#include "move_element.h"

namespace larder::commands {
namespace {

using namespace engine;

// True when an element was moved.
bool move_or_wait(Call& call, const types::ListLimits& limits, const MoveRequest& request,
                  std::string_view timeout_text) {
  const auto timeout_ms = read_timeout(call, timeout_text, TimeoutUnit::seconds);
  if (!timeout_ms) return false;
  const auto source = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (source.wrong_type()) return call.reply.error(errors::kWrongType), false;
  if (source) return move_element(call, limits, request, source);
  const Wait wait{
      .keys = call.args.subspan(1, 1), .type = types::Type::list, .timeout_ms = *timeout_ms};
  if (!call.wait_for(wait)) call.reply.null();
  return false;
}

void blmove(Call& call, types::Settings& settings) {
  const auto from = read_end(call.arg(3));
  const auto to = read_end(call.arg(4));
  if (!from || !to) return call.reply.error(errors::kSyntax);
  const MoveRequest request{call.arg(1), call.arg(2), *from, *to};
  if (!move_or_wait(call, types::ListLimits::of(settings), request, call.arg(5))) return;
  call.propagate({"LMOVE", call.arg(1), call.arg(2), name_of(*from), name_of(*to)});
}

void brpoplpush(Call& call, types::Settings& settings) {
  const MoveRequest request{call.arg(1), call.arg(2), ListEnd::tail, ListEnd::head};
  if (!move_or_wait(call, types::ListLimits::of(settings), request, call.arg(3))) return;
  call.propagate({"RPOPLPUSH", call.arg(1), call.arg(2)});
}

}  // namespace

std::span<const engine::Command> list_blmove() {
  static constexpr Command kCommands[] = {
      {.name = "blmove",
       .family = Family::list,
       .arity = exactly(6),
       .flags = kWrites | kGrows | kNoScript | kBlocks,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete), KeySpec::one(2, kRW | kInsert)},
       .handler = Handler::of<blmove>(),
       .since = "6.2.0",
       .summary = "Like LMOVE, but waits if there is no element.",
       .complexity = "O(1)",
       .arguments = "source:key#0 destination:key#1 "
                    "wherefrom:oneof(left:pure-token@LEFT right:pure-token@RIGHT) "
                    "whereto:oneof(left:pure-token@LEFT right:pure-token@RIGHT) timeout:double"},
      {.name = "brpoplpush",
       .family = Family::list,
       .arity = exactly(4),
       .flags = kWrites | kGrows | kNoScript | kBlocks,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete), KeySpec::one(2, kRW | kInsert)},
       .handler = Handler::of<brpoplpush>(),
       .since = "2.2.0",
       .summary = "Like RPOPLPUSH, but waits if there is no element.",
       .complexity = "O(1)",
       .arguments = "source:key#0 destination:key#1 timeout:double",
       .deprecated_since = "6.2.0",
       .replaced_by = "`BLMOVE` with `RIGHT` and `LEFT`"},
  };
  return kCommands;
}

}  // namespace larder::commands
