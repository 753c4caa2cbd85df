#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

void linsert(Call& call, types::Settings& settings) {
  ArgReader args(call, 2);
  const bool after = args.word("AFTER");
  if (!after && !args.word("BEFORE")) return call.reply.error(errors::kSyntax);
  const auto list = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!list) return call.reply.integer(0);
  const auto limits = types::ListLimits::of(settings);
  const std::string_view text = call.arg(4);
  keyspace::Edit<types::List> edit(call.db, call.key, list.entry(), keyspace::Event::linsert);
  edit->admit(limits, text.size(), 1);
  const auto side = after ? types::ListSide::after : types::ListSide::before;
  if (!edit->insert(limits, types::ListNeedle(call.arg(3)), side, text)) {
    edit.discard();
    return call.reply.integer(-1);
  }
  call.reply.integer(static_cast<std::int64_t>(edit->size()));
}

}  // namespace

std::span<const engine::Command> list_linsert() {
  static constexpr Command kCommands[] = {
      {.name = "linsert",
       .family = Family::list,
       .arity = exactly(5),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<linsert>(),
       .since = "2.2.0",
       .summary = "Puts an element beside the first element of a list that equals a pivot.",
       .complexity = "O(N) for N elements ahead of the pivot",
       .arguments = "key:key#0 where:oneof(before:pure-token@BEFORE after:pure-token@AFTER) "
                    "pivot:string element:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
