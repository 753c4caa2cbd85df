#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/dump_payload.h"
#include "larder/persistence/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

void dump(Call& call, persistence::SnapshotSettings& snapshot) {
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::read);
  if (entry == nullptr) return call.reply.null();
  const auto compression = snapshot.rdbcompression.value() ? persistence::Compression::on
                                                           : persistence::Compression::off;
  persistence::Bytes payload;
  persistence::write_payload(*entry, call.now_ms(), compression, payload);
  call.reply.bulk({payload.data(), payload.size()});
}

}  // namespace

std::span<const engine::Command> generic_dump() {
  static constexpr Command kCommands[] = {
      {.name = "dump",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<dump>(),
       .since = "2.6.0",
       .summary = "Returns a key's value as a payload for RESTORE.",
       .complexity = "O(N) where N is the size of the value",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
