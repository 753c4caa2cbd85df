#include "../item_bytes.h"
#include "../string/string_reply.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/set.h"

namespace larder::commands {
namespace {

using namespace engine;

void repeat(Call& call, const keyspace::Found<types::Set>& set, base::Rng& rng,
            std::uint64_t count) {
  call.reply.array(count);
  call.reply.expect_items(count, least_item_bytes(set));
  for (; count > 0 && !call.reply.drops(); --count) reply_string(call.reply, set->random(rng));
}

void sample(Call& call, const types::Set& set, base::Rng& rng, std::size_t count) {
  count = std::min(count, set.size());
  call.reply.array(count);
  set.sample(count, rng, [&call](const types::String& member) {
    if (!call.reply.drops()) reply_string(call.reply, member);
  });
}

void one(Call& call, base::Rng& rng) {
  const auto set = call.db.find<types::Set>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return call.reply.null();
  reply_string(call.reply, set->random(rng));
}

void several(Call& call, base::Rng& rng) {
  ArgReader reader(call, 2);
  const std::int64_t count = reader.integer();
  if (count == INT64_MIN) {
    reader.fail(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
  }
  if (call.size() > 3) return call.reply.error(errors::kSyntax);
  if (reader.failed()) return;
  const auto set = call.db.find<types::Set>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!set) return call.reply.array(0);
  if (count < 0) return repeat(call, set, rng, static_cast<std::uint64_t>(-count));
  sample(call, *set, rng, static_cast<std::size_t>(count));
}

void srandmember(Call& call) {
  call.size() == 2 ? one(call, call.rng()) : several(call, call.rng());
}

}  // namespace

std::span<const engine::Command> set_srandmember() {
  static constexpr Command kCommands[] = {
      {.name = "srandmember",
       .family = Family::set,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<srandmember>(),
       .since = "1.0.0",
       .summary = "Returns random members.",
       .complexity = "O(N) for N members",
       .arguments = "key:key#0 count:integer?",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
