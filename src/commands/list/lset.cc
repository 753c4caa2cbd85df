#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

void lset(Call& call, types::Settings& settings) {
  const auto list = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!list) return call.reply.error(errors::kNoSuchKey);
  ArgReader args(call, 2);
  const std::int64_t index = args.integer();
  if (args.failed()) return;
  const auto limits = types::ListLimits::of(settings);
  const std::string_view text = call.arg(3);
  keyspace::Edit<types::List> edit(call.db, call.key, list.entry(), keyspace::Event::lset);
  edit->admit(limits, text.size(), 1);
  if (!edit->replace(limits, index, text)) {
    edit.discard();
    return call.reply.error(errors::kOutOfRange);
  }
  edit->compact(limits);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> list_lset() {
  static constexpr Command kCommands[] = {
      {.name = "lset",
       .family = Family::list,
       .arity = exactly(4),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<lset>(),
       .since = "1.0.0",
       .summary = "Replaces the element of a list with this index.",
       .complexity = "O(N) for N nodes to the nearer end of the list",
       .arguments = "key:key#0 index:integer element:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
