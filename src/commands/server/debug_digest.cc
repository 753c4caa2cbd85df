#include "dataset_digest.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void debug_digest(Call& call, keyspace::Keyspace& keyspace) {
  call.reply.simple(digest_dataset(keyspace).hex());
}

void debug_digest_value(Call& call) {
  call.reply.array(call.size() - 2);
  for (std::size_t i = 2; i < call.size(); ++i) {
    const auto key = keyspace::Key::of(call.arg(i));
    const keyspace::Entry* entry = call.db.look(key, keyspace::Look::untouched);
    call.reply.simple((entry != nullptr ? digest_value(*entry) : Digest()).hex());
  }
}

constexpr std::uint32_t kDebugDigestFlags = kAdmin | kNoScript | kLoading | kStale | kProtected;

}  // namespace

std::span<const engine::Command> server_debug_digest() {
  static constexpr Command kCommands[] = {
      {.name = "debug digest",
       .family = Family::server,
       .arity = exactly(2),
       .flags = kDebugDigestFlags,
       .only_shows = true,
       .handler = Handler::of<debug_digest>(),
       .since = "1.0.0",
       .summary = "Returns 40 hexadecimal digits that are the same for equal datasets.",
       .complexity = "O(N) where N is the number of keys"},
      {.name = "debug digest-value",
       .family = Family::server,
       .arity = at_least(2),
       .flags = kDebugDigestFlags,
       .only_shows = true,
       .handler = Handler::of<debug_digest_value>(),
       .since = "5.0.0",
       .summary = "Returns such digits for each key's value.",
       .complexity = "O(N) where N is the number of keys",
       .arguments = "key:string*"},
  };
  return kCommands;
}

}  // namespace larder::commands
