#include <algorithm>

#include "ends.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"

namespace larder::commands {
namespace {

using namespace engine;

template <ListEnd kFrom>
void pop_several(Call& call, types::Settings& settings) {
  const auto wanted = base::parse_int64(call.arg(2));
  if (!wanted || *wanted < 0) {
    return call.reply.error("ERR value is out of range, must be positive");
  }
  const auto list = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!list) return call.reply.null_array();
  const std::size_t count = std::min(static_cast<std::size_t>(*wanted), list->size());
  const auto reply = [&] {
    call.reply.array(count);
    reply_from_end(call.reply, *list, kFrom, count);
  };
  if (!call.reply_removed(reply) || count == 0) return;
  take(call.db, call.key, list.entry(), types::ListLimits::of(settings), kFrom, count);
}

template <ListEnd kFrom>
void pop(Call& call, types::Settings& settings) {
  if (call.size() == 3) return pop_several<kFrom>(call, settings);
  if (call.size() > 3) {
    return call.reply.error("ERR wrong number of arguments for '" + call.command.full_name() +
                            "' command");
  }
  const auto list = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!list) return call.reply.null();
  if (!call.reply_removed([&] { reply_string(call.reply, at_end(*list, kFrom).get()); })) return;
  take(call.db, call.key, list.entry(), types::ListLimits::of(settings), kFrom, 1);
}

}  // namespace

std::span<const engine::Command> list_pop() {
  static constexpr Command kCommands[] = {
      {.name = "lpop",
       .family = Family::list,
       .arity = at_least(2),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<pop<ListEnd::head>>(),
       .since = "1.0.0",
       .summary = "Removes the first elements of a list and returns them.",
       .complexity = "O(N) where N is the number of elements returned",
       .arguments = "key:key#0 count:integer?"},
      {.name = "rpop",
       .family = Family::list,
       .arity = at_least(2),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<pop<ListEnd::tail>>(),
       .since = "1.0.0",
       .summary = "Removes the last elements of a list and returns them.",
       .complexity = "O(N) where N is the number of elements returned",
       .arguments = "key:key#0 count:integer?"},
  };
  return kCommands;
}

}  // namespace larder::commands
