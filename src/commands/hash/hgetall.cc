#include "../string/string_reply.h"
#include "larder/engine/command.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class Part : std::uint8_t { both, names, values };

// Returns how many fields it has written.
template <Part kPart>
std::uint64_t reply_fields(Call& call, const types::Hash& hash, std::int64_t now_ms) {
  std::uint64_t count = 0;
  hash.for_each(now_ms, [&](const types::String& name, const types::String& value) {
    ++count;
    if (call.reply.drops()) return;
    if constexpr (kPart != Part::values) reply_string(call.reply, name);
    if constexpr (kPart != Part::names) reply_string(call.reply, value);
  });
  return count;
}

// How many fields are left is known only when they have been written.
template <Part kPart>
void reply_stale(Call& call, const types::Hash& hash, std::int64_t now_ms) {
  const auto mark = call.reply.begin_array();
  const std::uint64_t count = reply_fields<kPart>(call, hash, now_ms);
  kPart == Part::both ? call.reply.end_map(mark, count) : call.reply.end_array(mark, count);
}

template <Part kPart>
void list(Call& call) {
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::int64_t now_ms = call.expired_until_ms();
  if (hash && hash->stale(now_ms)) return reply_stale<kPart>(call, *hash, now_ms);
  const std::size_t count = hash ? hash->size() : 0;
  kPart == Part::both ? call.reply.map(count) : call.reply.array(count);
  if (hash) reply_fields<kPart>(call, *hash, now_ms);
}

}  // namespace

std::span<const engine::Command> hash_hgetall() {
  static constexpr Command kCommands[] = {
      {.name = "hgetall",
       .family = Family::hash,
       .arity = exactly(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<list<Part::both>>(),
       .since = "2.0.0",
       .summary = "Returns all fields of a hash with their values.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output_order"},
      {.name = "hkeys",
       .family = Family::hash,
       .arity = exactly(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<list<Part::names>>(),
       .since = "2.0.0",
       .summary = "Returns all fields of a hash without their values.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output_order"},
      {.name = "hvals",
       .family = Family::hash,
       .arity = exactly(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<list<Part::values>>(),
       .since = "2.0.0",
       .summary = "Returns the values of all fields of a hash.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output_order"},
  };
  return kCommands;
}

}  // namespace larder::commands
