#include <algorithm>

#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::int64_t kNoKey = -2;
constexpr std::int64_t kNoDeadline = -1;

std::int64_t rounded_seconds(std::int64_t ms) { return ms / 1000 + (ms % 1000 >= 500 ? 1 : 0); }

// Answers what the function makes of the key's deadline.
template <typename Show>
void reply_deadline(Call& call, Show&& show) {
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::untouched);
  if (entry == nullptr) return call.reply.integer(kNoKey);
  if (!entry->has_deadline()) return call.reply.integer(kNoDeadline);
  call.reply.integer(show(entry->deadline_ms()));
}

std::int64_t left_ms(const Call& call, std::int64_t deadline_ms) {
  return std::max<std::int64_t>(deadline_ms - call.now_ms(), 0);
}

void ttl(Call& call) {
  reply_deadline(call, [&](std::int64_t ms) { return rounded_seconds(left_ms(call, ms)); });
}

void pttl(Call& call) {
  reply_deadline(call, [&](std::int64_t ms) { return left_ms(call, ms); });
}

void expiretime(Call& call) { reply_deadline(call, rounded_seconds); }

void pexpiretime(Call& call) {
  reply_deadline(call, [](std::int64_t ms) { return ms; });
}

}  // namespace

std::span<const engine::Command> generic_ttl() {
  static constexpr Command kCommands[] = {
      {.name = "ttl",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<ttl>(),
       .since = "1.0.0",
       .summary = "Returns the time to live of a key in seconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
      {.name = "pttl",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<pttl>(),
       .since = "2.6.0",
       .summary = "Returns the time to live of a key in milliseconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
      {.name = "expiretime",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<expiretime>(),
       .since = "7.0.0",
       .summary = "Returns a key's deadline as a Unix time in seconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
      {.name = "pexpiretime",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<pexpiretime>(),
       .since = "7.0.0",
       .summary = "Returns a key's deadline as a Unix time in milliseconds.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
