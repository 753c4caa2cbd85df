#include "../string/string_reply.h"
#include "larder/engine/command.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

std::optional<types::String> value_of(const FoundHash& hash, std::string_view field,
                                      std::int64_t now_ms) {
  return hash ? hash->get(field, now_ms) : std::nullopt;
}

void reply_value(Call& call, const std::optional<types::String>& value) {
  value ? reply_string(call.reply, *value) : call.reply.null();
}

void hget(Call& call) {
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  reply_value(call, value_of(hash, call.arg(2), call.expired_until_ms()));
}

void hmget(Call& call) {
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.array(call.size() - 2);
  for (std::size_t i = 2; i < call.size() && !call.reply.drops(); ++i) {
    reply_value(call, value_of(hash, call.arg(i), call.expired_until_ms()));
  }
}

void hstrlen(Call& call) {
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto value = value_of(hash, call.arg(2), call.expired_until_ms());
  call.reply.integer(value ? static_cast<std::int64_t>(value->size()) : 0);
}

void hexists(Call& call) {
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  const std::int64_t now_ms = call.expired_until_ms();
  call.reply.integer(hash && hash->contains(call.arg(2), now_ms) ? 1 : 0);
}

void hlen(Call& call) {
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(hash ? static_cast<std::int64_t>(hash->size()) : 0);
}

}  // namespace

std::span<const engine::Command> hash_hget() {
  static constexpr Command kCommands[] = {
      {.name = "hget",
       .family = Family::hash,
       .arity = exactly(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<hget>(),
       .since = "2.0.0",
       .summary = "Returns the value of a field of a hash.",
       .complexity = "O(1)",
       .arguments = "key:key#0 field:string"},
      {.name = "hmget",
       .family = Family::hash,
       .arity = at_least(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<hmget>(),
       .since = "2.0.0",
       .summary = "Returns the values of several fields of a hash.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 field:string*"},
      {.name = "hstrlen",
       .family = Family::hash,
       .arity = exactly(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<hstrlen>(),
       .since = "3.2.0",
       .summary = "Returns the length of the value of a field.",
       .complexity = "O(1)",
       .arguments = "key:key#0 field:string"},
      {.name = "hexists",
       .family = Family::hash,
       .arity = exactly(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<hexists>(),
       .since = "2.0.0",
       .summary = "Returns whether a hash has a field.",
       .complexity = "O(1)",
       .arguments = "key:key#0 field:string"},
      {.name = "hlen",
       .family = Family::hash,
       .arity = exactly(2),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO)},
       .handler = Handler::of<hlen>(),
       .since = "2.0.0",
       .summary = "Returns the number of fields of a hash.",
       .complexity = "O(1)",
       .arguments = "key:key#0"},
  };
  return kCommands;
}

}  // namespace larder::commands
