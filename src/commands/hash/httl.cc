#include "field_deadline.h"
#include "field_list.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

std::int64_t seconds(std::int64_t ms) { return (ms + 999) / 1000; }

// Answers for each field what `show` makes of its deadline.
template <typename Show>
void reply_deadlines(Call& call, Show show) {
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto fields = read_fields(call, 2);
  if (!fields) return;
  const std::int64_t until_ms = call.expired_until_ms();
  call.reply.array(fields->size());
  for (std::size_t i = fields->first; i < fields->end; ++i) {
    if (!hash || !hash->contains(call.arg(i), until_ms)) {
      call.reply.integer(kNoField);
    } else if (const auto deadline_ms = hash->deadline(call.arg(i), until_ms)) {
      call.reply.integer(show(*deadline_ms, call.now_ms()));
    } else {
      call.reply.integer(kNoDeadline);
    }
  }
}

void httl(Call& call) {
  reply_deadlines(call, [](std::int64_t ms, std::int64_t now_ms) { return seconds(ms - now_ms); });
}

void hpttl(Call& call) {
  reply_deadlines(call, [](std::int64_t ms, std::int64_t now_ms) { return ms - now_ms; });
}

void hexpiretime(Call& call) {
  reply_deadlines(call, [](std::int64_t ms, std::int64_t) { return seconds(ms); });
}

void hpexpiretime(Call& call) {
  reply_deadlines(call, [](std::int64_t ms, std::int64_t) { return ms; });
}

}  // namespace

std::span<const engine::Command> hash_httl() {
  static constexpr Command kCommands[] = {
      {.name = "httl",
       .family = Family::hash,
       .arity = at_least(5),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<httl>(),
       .since = "7.4.0",
       .summary = "Returns the time to live of fields of a hash in seconds.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 fields:block@FIELDS(numfields:integer field:string*)",
       .tips = "nondeterministic_output"},
      {.name = "hpttl",
       .family = Family::hash,
       .arity = at_least(5),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<hpttl>(),
       .since = "7.4.0",
       .summary = "Returns the time to live of fields of a hash in milliseconds.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 fields:block@FIELDS(numfields:integer field:string*)",
       .tips = "nondeterministic_output"},
      {.name = "hexpiretime",
       .family = Family::hash,
       .arity = at_least(5),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<hexpiretime>(),
       .since = "7.4.0",
       .summary = "Returns the deadlines of fields of a hash as Unix times in seconds.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 fields:block@FIELDS(numfields:integer field:string*)"},
      {.name = "hpexpiretime",
       .family = Family::hash,
       .arity = at_least(5),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<hpexpiretime>(),
       .since = "7.4.0",
       .summary = "Returns the deadlines of fields of a hash as Unix times in milliseconds.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 fields:block@FIELDS(numfields:integer field:string*)"},
  };
  return kCommands;
}

}  // namespace larder::commands
