#include "larder/engine/command.h"
#include "larder/types/settings.h"
#include "stored_sketch.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::hll::Sketch;

// Dense values are changed in place, and opened only if a register changes. True if one did.
bool add_to_dense(Call& call, const StoredSketch& stored) {
  std::optional<keyspace::Edit<types::String>> edit;
  char* bytes = nullptr;
  std::optional<types::hll::View> now = stored.view;
  std::size_t raised = 0;
  for (const std::string_view element : call.args.subspan(2)) {
    const auto raise = types::hll::raise_of(element);
    if (now->dense_register(raise.index) >= raise.value) continue;
    if (!edit) {
      edit.emplace(call.db, call.key, stored.entry, keyspace::Event::pfadd);
      bytes = edit->bytes(types::hll::kDenseBytes);
      types::hll::forget_count(bytes);
      now = types::hll::View::of({bytes, types::hll::kDenseBytes});
    }
    types::hll::set_dense_register(bytes, raise);
    ++raised;
  }
  if (raised > 0) call.db.count_changes(raised);
  return raised > 0;
}

void add_to_sparse(Call& call, const StoredSketch& stored, std::uint64_t most_sparse_bytes) {
  Sketch sketch = stored.view ? Sketch(*stored.view) : Sketch();
  std::size_t changes = stored.view ? 0 : 1;
  for (const std::string_view element : call.args.subspan(2)) {
    const auto outcome = sketch.raise(types::hll::raise_of(element), most_sparse_bytes);
    if (outcome == Sketch::Outcome::corrupt) return call.reply.error(kCorruptHyperLogLog);
    if (outcome == Sketch::Outcome::changed) ++changes;
  }
  if (changes > 0) {
    sketch.forget_count();
    call.db.count_changes(changes);
    store_sketch(call, stored.entry, sketch.bytes(), keyspace::Event::pfadd);
  }
  call.reply.integer(changes > 0 ? 1 : 0);
}

void pfadd(Call& call, types::Settings& settings) {
  const auto stored = find_sketch(call, call.key, keyspace::Look::write);
  if (!stored.error.empty()) return call.reply.error(stored.error);
  if (stored.view && stored.view->encoding() == types::hll::Encoding::dense) {
    return call.reply.integer(add_to_dense(call, stored) ? 1 : 0);
  }
  add_to_sparse(call, stored, static_cast<std::uint64_t>(settings.hll_sparse_max_bytes.value()));
}

}  // namespace

std::span<const engine::Command> hyperloglog_pfadd() {
  static constexpr Command kCommands[] = {
      {.name = "pfadd",
       .family = Family::hyperloglog,
       .arity = at_least(2),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<pfadd>(),
       .since = "2.8.9",
       .summary = "Adds elements to a HyperLogLog, which may be new, and returns whether its count "
                  "may have changed.",
       .complexity = "O(1) for each element",
       .arguments = "key:key#0 element:string?*"},
  };
  return kCommands;
}

}  // namespace larder::commands
