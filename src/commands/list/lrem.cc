#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/keyspace/edit.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

// A negative count searches from the end; 0 removes all.
std::size_t most_to_remove(std::int64_t count) {
  if (count == 0) return SIZE_MAX;
  const auto bits = static_cast<std::uint64_t>(count);
  return count < 0 ? 0 - bits : bits;
}

void lrem(Call& call, types::Settings& settings) {
  ArgReader args(call, 2);
  const std::int64_t count = args.integer();
  if (args.failed()) return;
  const auto list = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!list) return call.reply.integer(0);
  keyspace::Edit<types::List> edit(call.db, call.key, list.entry(), keyspace::Event::lrem);
  const auto from = count < 0 ? types::ListEnd::tail : types::ListEnd::head;
  const std::size_t removed =
      edit->remove(from, most_to_remove(count), types::ListNeedle(call.arg(3)));
  if (removed != 0) edit->compact(types::ListLimits::of(settings));
  edit.count(removed);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

}  // namespace

std::span<const engine::Command> list_lrem() {
  static constexpr Command kCommands[] = {
      {.name = "lrem",
       .family = Family::list,
       .arity = exactly(4),
       .flags = kWrites,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<lrem>(),
       .since = "1.0.0",
       .summary = "Removes elements with this value from a list.",
       .complexity = "O(N) for N elements of the list",
       .arguments = "key:key#0 count:integer element:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
