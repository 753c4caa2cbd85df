#include <memory>

#include "larder/base/glob_pattern.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/eviction/evictor.h"
#include "larder/keyspace/key_walk.h"

namespace larder::commands {
namespace {

using namespace engine;

// The progress of KEYS: its position and the keys found so far.
struct KeysFound final : Progress {
  explicit KeysFound(Call& call) : Progress(call.long_commands, call.reply.buffer().pool()) {
    reply.bound(call.reply.buffer().left_of_bound());
  }
  std::size_t bytes() const override { return memory::size_class(sizeof(KeysFound)); }

  keyspace::KeyWalk walk;
  std::uint64_t count = 0;
};

void answer(Call& call, KeysFound& found) {
  call.reply.array(found.count);
  call.reply.take_over(found.reply);
}

// A pattern without special characters is looked up without a walk.
void one_key(Call& call, std::int64_t now_ms) {
  const auto key = keyspace::Key::of(call.arg(1));
  const keyspace::Entry* entry = call.db.entries().find(key.name, key.hash);
  const bool exists = entry != nullptr && !entry->expired(now_ms);
  call.reply.array(exists ? 1 : 0);
  if (exists) call.reply.bulk(key.name);
}

// Finds more; false when there is no more.
bool find_some(const Call& call, const base::GlobPattern& pattern, std::int64_t now_ms,
               KeysFound& found) {
  resp::Writer reply(found.reply);
  reply.mute(call.reply.muted());
  // The one pattern that also lists the key with an empty name.
  const bool all = call.arg(1) == "*";
  return found.walk.step(call.db, [&](const keyspace::Entry& entry) {
    const std::string_view key = entry.key();
    if (!(all || pattern.matches(key)) || entry.expired(now_ms)) return;
    reply.bulk(key);
    ++found.count;
  });
}

void keys(Call& call, eviction::Evictor& evictor) {
  const base::GlobPattern pattern(call.arg(1));
  const std::int64_t now_ms = call.now_ms();
  if (pattern.is_literal()) return one_key(call, now_ms);
  std::unique_ptr<KeysFound> found = call.progress<KeysFound>();
  if (found == nullptr) found.reset(new KeysFound(call));
  while (!call.step_is_over()) {
    const keyspace::KeyWalk walk = found->walk;
    const std::uint64_t count = found->count;
    const std::uint64_t bytes = found->reply.size();
    const bool more = find_some(call, pattern, now_ms, *found);
    if (found->reply.is_dropping()) {
      found->walk = walk;
      found->count = count;
      return call.wait_for_memory(std::move(found), bytes);
    }
    if (!more) return answer(call, *found);
    // The end of the turn evicts.
    if (call.session.may_block && evictor.over_limit() && evictor.has_victims()) break;
  }
  call.continue_later(std::move(found));
}

}  // namespace

std::span<const engine::Command> generic_keys() {
  static constexpr Command kCommands[] = {
      {.name = "keys",
       .family = Family::generic,
       .arity = exactly(2),
       .flags = kReads | kTouchesArbitraryKeys,
       .categories = kKeyspace | kDangerous,
       .handler = Handler::of<keys>(),
       .since = "1.0.0",
       .summary = "Lists all keys whose names match a pattern.",
       .complexity = "O(N) for N keys in the database, O(1) for a pattern without wildcards",
       .arguments = "pattern:pattern",
       .tips = "request_policy:all_shards nondeterministic_output_order"},
  };
  return kCommands;
}

}  // namespace larder::commands
