#include "../string/string_reply.h"
#include "ends.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

void lrange(Call& call) {
  ArgReader args(call, 2);
  const std::int64_t start = args.integer();
  const std::int64_t stop = args.integer();
  if (args.failed()) return;
  const auto list = call.db.find<types::List>(call.key);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto elements = list ? static_cast<std::int64_t>(list->size()) : 0;
  const auto range = ListRange::of(start, stop, elements);
  call.reply.array(static_cast<std::uint64_t>(range.size()));
  if (range.empty()) return;
  auto cursor = list->at(range.first);
  for (std::int64_t left = range.size(); left > 0 && !call.reply.drops(); --left, cursor.next()) {
    reply_string(call.reply, cursor.get());
  }
}

}  // namespace

std::span<const engine::Command> list_lrange() {
  static constexpr Command kCommands[] = {
      {.name = "lrange",
       .family = Family::list,
       .arity = exactly(4),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<lrange>(),
       .since = "1.0.0",
       .summary = "Returns the elements of a list between two indices.",
       .complexity = "O(S+N) for N elements, and S nodes to the nearer end of the list",
       .arguments = "key:key#0 start:integer stop:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
