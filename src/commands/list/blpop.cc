#include "ends.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

// Answers with the key and the element.
void pop_from(Call& call, types::Settings& settings, ListEnd end, const keyspace::Key& key,
              const keyspace::Found<types::List>& list) {
  const auto reply = [&] {
    call.reply.array(2);
    call.reply.bulk(key.name);
    reply_string(call.reply, at_end(*list, end).get());
  };
  if (!call.reply_removed(reply)) return;
  take(call.db, key, list.entry(), types::ListLimits::of(settings), end, 1);
  call.propagate({end == ListEnd::head ? "LPOP" : "RPOP", key.name});
}

template <ListEnd kFrom>
void pop_or_wait(Call& call, types::Settings& settings) {
  const auto timeout_ms = read_timeout(call, call.arg(call.size() - 1), TimeoutUnit::seconds);
  if (!timeout_ms) return;
  const auto keys = call.args.subspan(1, call.size() - 2);
  for (const std::string_view name : call.candidates(keys)) {
    const auto key = keyspace::Key::of(name);
    const auto list = call.db.find<types::List>(key, keyspace::Look::write);
    if (list.wrong_type()) return call.reply.error(errors::kWrongType);
    if (list) return pop_from(call, settings, kFrom, key, list);
  }
  const Wait wait{.keys = keys, .type = types::Type::list, .timeout_ms = *timeout_ms};
  if (!call.wait_for(wait)) call.reply.null_array();
}

constexpr std::uint32_t kBlpopFlags = kWrites | kNoScript | kBlocks;

}  // namespace

std::span<const engine::Command> list_blpop() {
  static constexpr Command kCommands[] = {
      {.name = "blpop",
       .family = Family::list,
       .arity = at_least(3),
       .flags = kBlpopFlags,
       .keys = {KeySpec::range(1, -2, 1, kRW | kAccess | kDelete)},
       .handler = Handler::of<pop_or_wait<ListEnd::head>>(),
       .since = "2.0.0",
       .summary = "Removes and returns the first element of the first list that exists; waits if "
                  "there is none.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0* timeout:double"},
      {.name = "brpop",
       .family = Family::list,
       .arity = at_least(3),
       .flags = kBlpopFlags,
       .keys = {KeySpec::range(1, -2, 1, kRW | kAccess | kDelete)},
       .handler = Handler::of<pop_or_wait<ListEnd::tail>>(),
       .since = "2.0.0",
       .summary = "Removes and returns the last element of the first list that exists; waits if "
                  "there is none.",
       .complexity = "O(N) for N keys",
       .arguments = "key:key#0* timeout:double"},
  };
  return kCommands;
}

}  // namespace larder::commands
