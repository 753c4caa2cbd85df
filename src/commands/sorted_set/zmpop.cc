#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/engine/wait.h"
#include "pops.h"

namespace larder::commands {
namespace {

using namespace engine;

struct Request {
  resp::Args keys;
  PopFrom from = PopFrom::least;
  std::size_t count = 1;
};

std::int64_t read_positive(ArgReader& reader, std::string_view error) {
  const std::int64_t value = reader.integer(error);
  if (value < 1) reader.fail(error);
  return value;
}

// The count of keys is at `first`. Nothing if something is wrong; the error has been sent.
std::optional<Request> read(Call& call, std::size_t first) {
  ArgReader head(call, first);
  const std::int64_t keys = read_positive(head, "ERR numkeys should be greater than 0");
  const auto room = static_cast<std::int64_t>(call.size() - first) - 2;
  if (keys > room) head.fail(errors::kSyntax);
  if (head.failed()) return std::nullopt;

  Request request{.keys = call.args.subspan(first + 1, static_cast<std::size_t>(keys))};
  ArgReader reader(call, first + 1 + static_cast<std::size_t>(keys));
  const auto from = read_pop_from(reader.text());
  if (!from) reader.fail(errors::kSyntax);
  bool counted = false;
  while (reader.more()) {
    if (counted || !reader.option("COUNT")) {
      reader.fail(errors::kSyntax);
    } else {
      counted = true;
      request.count =
          static_cast<std::size_t>(read_positive(reader, "ERR count should be greater than 0"));
    }
  }
  if (reader.failed()) return std::nullopt;
  request.from = *from;
  return request;
}

// Pops from the first of the keys that has members. False if none has.
template <typename Answer>
bool pop_first(Call& call, resp::Args keys, Answer answer) {
  for (const std::string_view name : call.candidates(keys)) {
    const auto key = keyspace::Key::of(name);
    const auto set = call.db.find<types::SortedSet>(key, keyspace::Look::write);
    if (set.wrong_type()) {
      call.reply.error(errors::kWrongType);
      return true;
    }
    if (!set) continue;
    answer(key, set.entry());
    return true;
  }
  return false;
}

bool pop_several(Call& call, const Request& request) {
  return pop_first(call, request.keys, [&](const keyspace::Key& key, keyspace::Entry* entry) {
    pop(call, key, entry, request.from, request.count, PopShape::key_and_pairs);
  });
}

void wait(Call& call, resp::Args keys, std::int64_t timeout_ms) {
  const Wait wait{.keys = keys, .type = types::Type::sorted_set, .timeout_ms = timeout_ms};
  if (!call.wait_for(wait)) call.reply.null_array();
}

void zmpop(Call& call) {
  const auto request = read(call, 1);
  if (request && !pop_several(call, *request)) call.reply.null_array();
}

void bzmpop(Call& call) {
  const auto request = read(call, 2);
  if (!request) return;
  const auto timeout_ms = read_timeout(call, call.arg(1), TimeoutUnit::seconds);
  if (!timeout_ms || pop_several(call, *request)) return;
  wait(call, request->keys, *timeout_ms);
}

template <PopFrom kFrom>
void bzpop(Call& call) {
  const auto timeout_ms = read_timeout(call, call.arg(call.size() - 1), TimeoutUnit::seconds);
  if (!timeout_ms) return;
  const resp::Args keys = call.args.subspan(1, call.size() - 2);
  const auto answer = [&call](const keyspace::Key& key, keyspace::Entry* entry) {
    pop(call, key, entry, kFrom, 1, PopShape::key_and_one);
  };
  if (!pop_first(call, keys, answer)) wait(call, keys, *timeout_ms);
}

}  // namespace

std::span<const engine::Command> sorted_set_zmpop() {
  static constexpr Command kCommands[] = {
      {.name = "zmpop",
       .family = Family::sorted_set,
       .arity = at_least(4),
       .flags = kWrites | kMovableKeys,
       .keys = {KeySpec::counted(1, kRW | kAccess | kDelete)},
       .handler = Handler::of<zmpop>(),
       .since = "7.0.0",
       .summary = "Removes and returns members at one end of the first sorted set that has any.",
       .complexity = "O(K+M*log(N)) for K keys and M members",
       .arguments = "numkeys:integer key:key#0* where:oneof(min:pure-token@MIN "
                    "max:pure-token@MAX) count:integer@COUNT?"},
      {.name = "bzmpop",
       .family = Family::sorted_set,
       .arity = at_least(5),
       .flags = kWrites | kBlocks | kMovableKeys,
       .keys = {KeySpec::counted(2, kRW | kAccess | kDelete)},
       .handler = Handler::of<bzmpop>(),
       .since = "7.0.0",
       .summary = "Removes and returns members at one end of the first sorted set that has any, "
                  "waiting for one.",
       .complexity = "O(K+M*log(N)) for K keys and M members",
       .arguments = "timeout:double numkeys:integer key:key#0* where:oneof(min:pure-token@MIN "
                    "max:pure-token@MAX) count:integer@COUNT?"},
      {.name = "bzpopmin",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kWrites | kNoScript | kBlocks | kFast,
       .keys = {KeySpec::range(1, -2, 1, kRW | kAccess | kDelete)},
       .handler = Handler::of<bzpop<PopFrom::least>>(),
       .since = "5.0.0",
       .summary = "Removes and returns the member with the lowest score of the first sorted set "
                  "that has any, waiting for one.",
       .complexity = "O(log(N))",
       .arguments = "key:key#0* timeout:double"},
      {.name = "bzpopmax",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kWrites | kNoScript | kBlocks | kFast,
       .keys = {KeySpec::range(1, -2, 1, kRW | kAccess | kDelete)},
       .handler = Handler::of<bzpop<PopFrom::greatest>>(),
       .since = "5.0.0",
       .summary = "Removes and returns the member with the highest score of the first sorted set "
                  "that has any, waiting for one.",
       .complexity = "O(log(N))",
       .arguments = "key:key#0* timeout:double"},
  };
  return kCommands;
}

}  // namespace larder::commands
