#include "ends.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

void ltrim(Call& call, types::Settings& settings) {
  ArgReader args(call, 2);
  const std::int64_t start = args.integer();
  const std::int64_t stop = args.integer();
  if (args.failed()) return;
  const auto list = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.ok();
  if (!list) return;
  const auto elements = static_cast<std::int64_t>(list->size());
  auto kept = ListRange::of(start, stop, elements);
  if (kept.empty()) kept = {elements, elements};
  keyspace::Edit<types::List> edit(call.db, call.key, list.entry(), keyspace::Event::ltrim);
  edit->drop(types::ListEnd::tail, static_cast<std::size_t>(elements - kept.end));
  edit->drop(types::ListEnd::head, static_cast<std::size_t>(kept.first));
  edit->compact(types::ListLimits::of(settings));
  // The event is logged even if no element was removed.
  call.db.count_changes(static_cast<std::size_t>(elements - kept.end + kept.first));
}

}  // namespace

std::span<const engine::Command> list_ltrim() {
  static constexpr Command kCommands[] = {
      {.name = "ltrim",
       .family = Family::list,
       .arity = exactly(4),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<ltrim>(),
       .since = "1.0.0",
       .summary = "Removes the elements of a list that are not between two indices.",
       .complexity = "O(N) for N nodes that go",
       .arguments = "key:key#0 start:integer stop:integer"},
  };
  return kCommands;
}

}  // namespace larder::commands
