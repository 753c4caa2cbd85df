#include "larder/base/text.h"
#include "larder/engine/command.h"
#include "stored_sketch.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::hll::Encoding;
using types::hll::Sketch;

// Makes the stored value dense if it is sparse; false when it is corrupt.
bool make_dense(Call& call, const StoredSketch& stored) {
  if (stored.view->encoding() == Encoding::dense) return true;
  Sketch sketch(*stored.view);
  if (!sketch.make_dense()) return false;
  store_sketch(call, stored.entry, sketch.bytes(), keyspace::Event::silent);
  return true;
}

void reply_registers(Call& call, const StoredSketch& stored) {
  types::hll::Registers registers{};
  if (!stored.view->merge_into(registers) || !make_dense(call, stored)) {
    return call.reply.error(kCorruptHyperLogLog);
  }
  call.reply.array(registers.size());
  for (const std::uint8_t value : registers) call.reply.integer(value);
}

void reply_runs(Call& call, const StoredSketch& stored) {
  if (stored.view->encoding() != Encoding::sparse) {
    return call.reply.error("ERR HLL encoding is not sparse");
  }
  const auto runs = stored.view->describe();
  if (!runs) return call.reply.error(kCorruptHyperLogLog);
  call.reply.bulk(*runs);
}

void reply_conversion(Call& call, const StoredSketch& stored) {
  const bool sparse = stored.view->encoding() == Encoding::sparse;
  if (!make_dense(call, stored)) return call.reply.error(kCorruptHyperLogLog);
  call.reply.integer(sparse ? 1 : 0);
}

void pfdebug(Call& call) {
  const auto stored = find_sketch(call, call.key, keyspace::Look::write);
  if (!stored.error.empty()) return call.reply.error(stored.error);
  if (!stored.view) return call.reply.error("ERR The specified key does not exist");
  const std::string_view subcommand = call.arg(1);
  if (base::equals_ignoring_case(subcommand, "GETREG")) return reply_registers(call, stored);
  if (base::equals_ignoring_case(subcommand, "DECODE")) return reply_runs(call, stored);
  if (base::equals_ignoring_case(subcommand, "TODENSE")) return reply_conversion(call, stored);
  if (base::equals_ignoring_case(subcommand, "ENCODING")) {
    return call.reply.simple(stored.view->encoding() == Encoding::dense ? "dense" : "sparse");
  }
  call.reply.error("ERR Unknown PFDEBUG subcommand '" + std::string(subcommand) + "'");
}

void pfselftest(Call& call) {
  const auto wrong = types::hll::self_test();
  if (wrong) return call.reply.error("TESTFAILED " + *wrong);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> hyperloglog_pfdebug() {
  static constexpr Command kCommands[] = {
      {.name = "pfdebug",
       .family = Family::hyperloglog,
       .arity = exactly(3),
       .flags = kWrites | kGrows | kAdmin,
       .keys = {KeySpec::one(2, kRW | kAccess)},
       .handler = Handler::of<pfdebug>(),
       .since = "2.8.9",
       .summary = "Shows how a HyperLogLog stands: ENCODING, its runs (DECODE) or registers "
                  "(GETREG), or makes it dense (TODENSE).",
       .complexity = "O(N) for N bytes",
       .arguments = "subcommand:string key:key#0"},
      {.name = "pfselftest",
       .family = Family::hyperloglog,
       .arity = exactly(1),
       .flags = kAdmin,
       .handler = Handler::of<pfselftest>(),
       .since = "2.8.9",
       .summary = "Tests HyperLogLogs on values of its own.",
       .complexity = "O(1), some tens of milliseconds"},
  };
  return kCommands;
}

}  // namespace larder::commands
