#include "larder/engine/command.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

void hdel(Call& call) {
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!found) return call.reply.integer(0);
  const std::int64_t now_ms = call.expired_until_ms();
  HashEdit hash(call.db, call.key, found.entry(), keyspace::Event::hdel);
  std::size_t removed = 0;
  for (std::size_t i = 2; i < call.size() && !hash->empty(); ++i) {
    removed += hash->erase(call.arg(i), now_ms) ? 1 : 0;
  }
  hash.count(removed);
  call.reply.integer(static_cast<std::int64_t>(removed));
}

}  // namespace

std::span<const engine::Command> hash_hdel() {
  static constexpr Command kCommands[] = {
      {.name = "hdel",
       .family = Family::hash,
       .arity = at_least(3),
       .flags = kWrites | kFast,
       .keys = {KeySpec::one(1, kRW | kDelete)},
       .handler = Handler::of<hdel>(),
       .since = "2.0.0",
       .summary = "Removes fields from a hash and returns how many there were.",
       .complexity = "O(N) for N fields",
       .arguments = "key:key#0 field:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
