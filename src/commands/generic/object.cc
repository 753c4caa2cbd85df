#include "../container_help.h"
#include "../shared_integers.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/eviction/evictor.h"
#include "larder/eviction/settings.h"
#include "larder/keyspace/access_policy.h"
#include "larder/keyspace/entry.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kNoFrequency =
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
    "when switching between policies at runtime LRU and LFU data will take some time to adjust.";
constexpr std::string_view kNoIdleTime =
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
    "switching between policies at runtime LRU and LFU data will take some time to adjust.";

// The key's entry; nullptr if there is none; the reply has been sent then.
const keyspace::Entry* look(Call& call) {
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::untouched);
  if (entry == nullptr) call.reply.null();
  return entry;
}

void object_encoding(Call& call) {
  if (const auto* entry = look(call)) call.reply.bulk(keyspace::encoding(*entry));
}

// After a change between LRU and LFU all keys count as just stored, including those that the walk
// of the Ager has not reached yet.
bool counts_as_new(const Call& call, const eviction::Evictor& evictor) {
  return evictor.ager().has_old_bits(call.db, call.key.hash);
}

void object_freq(Call& call, eviction::Evictor& evictor) {
  const auto* entry = look(call);
  if (entry == nullptr) return;
  const keyspace::AccessPolicy& access = call.db.access();
  if (access.mode != keyspace::AccessMode::lfu) return call.reply.error(kNoFrequency);
  if (counts_as_new(call, evictor)) return call.reply.integer(keyspace::LfuCounter::kStart);
  call.reply.integer(access.frequency(*entry));
}

void object_idletime(Call& call, eviction::Evictor& evictor) {
  const auto* entry = look(call);
  if (entry == nullptr) return;
  const keyspace::AccessPolicy& access = call.db.access();
  if (access.mode == keyspace::AccessMode::lfu) return call.reply.error(kNoIdleTime);
  call.reply.integer(counts_as_new(call, evictor) ? 0 : access.idle_ms(*entry) / 1000);
}

void object_refcount(Call& call, eviction::Settings& settings) {
  const auto* entry = look(call);
  if (entry == nullptr) return;
  call.reply.integer(references(*entry, settings));
}

}  // namespace

std::span<const engine::Command> generic_object() {
  static constexpr Command kCommands[] = {
      {.name = "object",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "2.2.3",
       .summary = "Returns how values are stored and used.",
       .complexity = "As its subcommands"},
      {.name = "object encoding",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kReads,
       .categories = kKeyspace,
       .keys = {KeySpec::one(2, kRO)},
       .handler = Handler::of<object_encoding>(),
       .since = "2.2.3",
       .summary = "Returns the encoding of a key's value.",
       .complexity = "O(1)",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
      {.name = "object freq",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kReads,
       .categories = kKeyspace,
       .keys = {KeySpec::one(2, kRO)},
       .handler = Handler::of<object_freq>(),
       .since = "4.0.0",
       .summary = "Returns how often a key was used recently, on a logarithmic scale up to 255.",
       .complexity = "O(1)",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
      {.name = "object help",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kLoading | kStale,
       .categories = kKeyspace,
       .handler = Handler::of<container_help>(),
       .since = "6.2.0",
       .summary = "Lists these subcommands.",
       .complexity = "O(1)"},
      {.name = "object idletime",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kReads,
       .categories = kKeyspace,
       .keys = {KeySpec::one(2, kRO)},
       .handler = Handler::of<object_idletime>(),
       .since = "2.2.3",
       .summary = "Returns for how many seconds a key has not been used.",
       .complexity = "O(1)",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
      {.name = "object refcount",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kReads,
       .categories = kKeyspace,
       .keys = {KeySpec::one(2, kRO)},
       .handler = Handler::of<object_refcount>(),
       .since = "2.2.3",
       .summary = "Returns the number of references to a key's value.",
       .complexity = "O(1)",
       .arguments = "key:key#0",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
