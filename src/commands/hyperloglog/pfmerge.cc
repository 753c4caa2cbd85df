#include "../room.h"
#include "../staged_keys.h"
#include "larder/engine/command.h"
#include "larder/types/settings.h"
#include "stored_sketch.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::hll::Sketch;

// All keys together, the destination among them.
struct Union {
  types::hll::Registers registers{};
  bool any_dense = false;
  std::string_view error;

  void add(const StoredSketch& stored) {
    error = stored.error;
    if (!stored.view) return;
    any_dense |= stored.view->encoding() == types::hll::Encoding::dense;
    if (!stored.view->merge_into(registers)) error = kCorruptHyperLogLog;
  }
};

void pfmerge(Call& call, types::Settings& settings, eviction::Evictor& evictor) {
  if (!has_room(call, evictor, {.more = types::hll::kDenseBytes})) return;
  Union all;
  for_each_key(call, 1, 1, [&](const keyspace::Key& key, std::size_t) {
    if (all.error.empty()) all.add(find_sketch(call, key, keyspace::Look::read));
  });
  if (!all.error.empty()) return call.reply.error(all.error);
  const auto stored = find_sketch(call, call.key, keyspace::Look::write);
  Sketch sketch = stored.view ? Sketch(*stored.view) : Sketch();
  if (all.any_dense) sketch.make_dense();
  sketch.raise_all(all.registers,
                   static_cast<std::uint64_t>(settings.hll_sparse_max_bytes.value()));
  sketch.forget_count();
  store_sketch(call, stored.entry, sketch.bytes(), keyspace::Event::pfadd);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> hyperloglog_pfmerge() {
  static constexpr Command kCommands[] = {
      {.name = "pfmerge",
       .family = Family::hyperloglog,
       .arity = at_least(2),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(1, kRW | kAccess | kInsert), KeySpec::range(2, -1, 1, kRO | kAccess)},
       .handler = Handler::of<pfmerge>(),
       .since = "2.8.9",
       .summary = "Merges HyperLogLogs into the first of them, which may be new.",
       .complexity = "O(N) for N keys",
       .arguments = "destkey:key#0 sourcekey:key#1?*"},
  };
  return kCommands;
}

}  // namespace larder::commands
