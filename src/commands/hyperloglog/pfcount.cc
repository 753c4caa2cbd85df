#include "../staged_keys.h"
#include "larder/engine/command.h"
#include "stored_sketch.h"

namespace larder::commands {
namespace {

using namespace engine;

// The count is kept in the value until elements are added.
void count_one(Call& call) {
  const auto stored = find_sketch(call, call.key, keyspace::Look::read);
  if (!stored.error.empty()) return call.reply.error(stored.error);
  if (!stored.view) return call.reply.integer(0);
  auto count = stored.view->cached_count();
  if (!count) {
    count = stored.view->count();
    if (!count) return call.reply.error(kCorruptHyperLogLog);
    auto edit = call.db.edit<types::String>(call.key, stored.entry, keyspace::Event::silent);
    types::hll::store_count(edit.bytes(edit.size()), *count);
  }
  call.reply.integer(static_cast<std::int64_t>(*count));
}

void count_union(Call& call) {
  types::hll::Registers registers{};
  std::string_view error;
  for_each_key(call, 1, 1, [&](const keyspace::Key& key, std::size_t) {
    if (!error.empty()) return;
    const auto stored = find_sketch(call, key, keyspace::Look::read);
    error = stored.error;
    if (stored.view && !stored.view->merge_into(registers)) error = kCorruptHyperLogLog;
  });
  if (!error.empty()) return call.reply.error(error);
  call.reply.integer(static_cast<std::int64_t>(types::hll::estimate(registers)));
}

void pfcount(Call& call) { call.size() == 2 ? count_one(call) : count_union(call); }

}  // namespace

std::span<const engine::Command> hyperloglog_pfcount() {
  static constexpr Command kCommands[] = {
      {.name = "pfcount",
       .family = Family::hyperloglog,
       .arity = at_least(2),
       .flags = kReads | kMayReplicate,
       .keys = {KeySpec::range(1, -1, 1, kRW | kAccess)},
       .handler = Handler::of<pfcount>(),
       .since = "2.8.9",
       .summary = "Estimates how many different elements a HyperLogLog, or the union of several, "
                  "has seen.",
       .complexity = "O(1) for one key, mostly from what it has stored; O(N) for N keys",
       .arguments = "key:key#0*"},
  };
  return kCommands;
}

}  // namespace larder::commands
