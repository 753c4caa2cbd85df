#include "larder/engine/gates.h"

#include <array>
#include <bit>

#include "larder/base/assert.h"
#include "larder/engine/command.h"
#include "larder/engine/errors.h"
#include "larder/engine/session.h"
#include "larder/engine/settings.h"

namespace larder::engine {
namespace {

constexpr std::uint32_t kData = kReads | kWrites | kMayReplicate;

// The list of gates, in the order of precedence of their errors. To add a gate, name it in
// engine::Gate and describe it here.
struct GateRow {
  Gate gate;
  // Refuses commands with one of these flags (all commands if there are none), except those with
  // one of `passes`.
  std::uint32_t stops = 0;
  std::uint32_t passes = 0;
  // Empty if the text is created elsewhere, or if the gate itself rejects nothing.
  std::string_view error{};
};
constexpr auto kRows = std::to_array<GateRow>({
    {.gate = Gate::debug,
     .stops = kProtected,
     .error = "ERR DEBUG command not allowed. If the enable-debug-command option is set to "
              "\"local\", you can run it from a local connection, otherwise you need to set this "
              "option in the configuration file, and then restart the server."},
    {.gate = Gate::auth, .passes = kNoAuth, .error = errors::kNoAuth},
    {.gate = Gate::transaction,
     .stops = kNoMulti,
     .error = "ERR Command not allowed inside a transaction"},
    {.gate = Gate::permission, .passes = kNoAuth},
    {.gate = Gate::loading, .passes = kLoading, .error = errors::kLoading},
    {.gate = Gate::async_loading, .stops = kNoAsyncLoading, .error = errors::kLoading},
    {.gate = Gate::out_of_memory,
     .stops = kGrows,
     .error = "OOM command not allowed while the system has no memory."},
    {.gate = Gate::disk_error,
     .stops = kWrites | kRunsQueue | kShowsDiskErrors,
     .error = errors::kDiskError},
    {.gate = Gate::replicas,
     .stops = kWrites | kRunsQueue,
     .error = "NOREPLICAS Not enough good replicas to write."},
    {.gate = Gate::read_only,
     .stops = kWrites | kRunsQueue,
     .error = "READONLY You can't write against a read only replica."},
    {.gate = Gate::stale,
     .passes = kStale,
     .error = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."},
    {.gate = Gate::busy, .passes = kAllowBusy},
    {.gate = Gate::monitoring,
     .stops = kData,
     .error = "ERR Replica can't interact with the keyspace"},
    {.gate = Gate::subscribed, .passes = kForSubscribers},
    {.gate = Gate::queueing, .passes = kNotQueued},
    // EXEC is delayed because of the commands it would run.
    {.gate = Gate::snapshot, .stops = kWrites | kRunsQueue},
    {.gate = Gate::freeing, .stops = kWrites | kRunsQueue | kRunsScript},
    {.gate = Gate::journal, .stops = kWrites | kRunsQueue | kRunsScript},
    // A script that declares that it does not write runs: the room `scripting` stops the others.
    {.gate = Gate::paused_writes,
     .stops = kWrites | kMayReplicate | kRunsQueue,
     .passes = kRunsScript},
    {.gate = Gate::paused_all, .passes = kWhilePaused},
    // The same for a script whose keys are held.
    {.gate = Gate::held_keys, .stops = kWrites | kMayReplicate | kRunsQueue, .passes = kRunsScript},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].gate) != i) return false;
  }
  return true;
}
static_assert(in_order() && kRows.size() <= 32);

}  // namespace

std::string_view GateBoard::error(std::uint32_t refused) const {
  LARDER_ASSERT(refused != 0);
  const auto first = static_cast<Gate>(std::countr_zero(refused));
  if (first == Gate::disk_error && !disk_error_.empty()) return disk_error_;
  if (first == Gate::busy) return busy_error_;
  return kRows[static_cast<std::size_t>(first)].error;
}

std::uint32_t refusals(std::uint32_t command_flags) {
  std::uint32_t refused = 0;
  for (const GateRow& row : kRows) {
    const bool stops = row.stops == 0 || (command_flags & row.stops) != 0;
    if (stops && (command_flags & row.passes) == 0) refused |= bit(row.gate);
  }
  return refused;
}

std::uint32_t closed_gates(const Settings& settings, const Peer& peer) {
  const auto debug = settings.enable_debug_command.as<Permission>();
  const bool allowed = debug == Permission::yes || (debug == Permission::local && peer.is_local());
  return allowed ? 0 : bit(Gate::debug);
}

}  // namespace larder::engine
