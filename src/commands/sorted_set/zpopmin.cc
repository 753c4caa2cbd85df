#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "pops.h"

namespace larder::commands {
namespace {

using namespace engine;

// How many to take; nothing if an error has been sent.
std::optional<std::size_t> read_count(Call& call) {
  if (call.size() > 3) {
    call.reply.error(errors::kSyntax);
    return std::nullopt;
  }
  if (call.size() == 2) return 1;
  ArgReader reader(call, 2);
  constexpr std::string_view kNotPositive = "ERR value is out of range, must be positive";
  const std::int64_t count = reader.integer(kNotPositive);
  if (count < 0) reader.fail(kNotPositive);
  if (reader.failed()) return std::nullopt;
  return static_cast<std::size_t>(count);
}

template <PopFrom kFrom>
void pop_end(Call& call) {
  const auto count = read_count(call);
  if (!count) return;
  const auto set = call.db.find<types::SortedSet>(call.key, keyspace::Look::write);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set || *count == 0) return call.reply.array(0);
  const bool pairs = call.reply.resp3() && call.size() > 2;
  pop(call, call.key, set.entry(), kFrom, *count, pairs ? PopShape::pairs : PopShape::flat);
}

}  // namespace

std::span<const engine::Command> sorted_set_zpopmin() {
  static constexpr Command kCommands[] = {
      {.name = "zpopmin",
       .family = Family::sorted_set,
       .arity = at_least(2),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<pop_end<PopFrom::least>>(),
       .since = "5.0.0",
       .summary = "Removes and returns the members with the lowest scores.",
       .complexity = "O(M*log(N)) for M members",
       .arguments = "key:key#0 count:integer?"},
      {.name = "zpopmax",
       .family = Family::sorted_set,
       .arity = at_least(2),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<pop_end<PopFrom::greatest>>(),
       .since = "5.0.0",
       .summary = "Removes and returns the members with the highest scores.",
       .complexity = "O(M*log(N)) for M members",
       .arguments = "key:key#0 count:integer?"},
  };
  return kCommands;
}

}  // namespace larder::commands
