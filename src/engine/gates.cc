#include "larder/engine/gates.h"

#include <bit>

#include "larder/base/assert.h"
#include "larder/engine/command.h"
#include "larder/engine/errors.h"

namespace larder::engine {
namespace {

constexpr std::array<std::string_view, kGates> kErrors = {
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you "
    "can run it from a local connection, otherwise you need to set this option in the "
    "configuration file, and then restart the server.",
    errors::kNoAuth,
    "ERR Command not allowed inside a transaction",
    {},  // the guard says why
    "LOADING Redis is loading the dataset in memory",
    errors::kOutOfMemory,
    "ERR Replica can't interact with the keyspace",
    {},
    {},
    {},
    {},
};

}  // namespace

std::string_view GateBoard::error(std::uint32_t refused) {
  LARDER_ASSERT(refused != 0);
  return kErrors[static_cast<std::size_t>(std::countr_zero(refused))];
}

std::uint32_t refusals(std::uint32_t command_flags) {
  std::uint32_t refused = 0;
  if ((command_flags & kNoAuth) == 0) refused |= bit(Gate::auth) | bit(Gate::permission);
  if ((command_flags & kProtected) != 0) refused |= bit(Gate::debug);
  if ((command_flags & kLoading) == 0) refused |= bit(Gate::loading);
  if ((command_flags & kGrows) != 0) refused |= bit(Gate::out_of_memory);
  if ((command_flags & kNoMulti) != 0) refused |= bit(Gate::transaction);
  if ((command_flags & (kReads | kWrites | kMayReplicate)) != 0) refused |= bit(Gate::monitoring);
  if ((command_flags & kForSubscribers) == 0) refused |= bit(Gate::subscribed);
  if ((command_flags & kNotQueued) == 0) refused |= bit(Gate::queueing);
  // EXEC is held back for the sake of what it runs.
  if ((command_flags & (kWrites | kMayReplicate | kRunsQueue)) != 0) {
    refused |= bit(Gate::paused_writes);
  }
  if ((command_flags & kWhilePaused) == 0) refused |= bit(Gate::paused_all);
  return refused;
}

}  // namespace larder::engine
