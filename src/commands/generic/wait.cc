// WAIT and WAITAOF: until writes have reached replicas and files. There are no replicas yet, so a
// client that waits for one waits until the timeout.

#include "larder/engine/wait.h"

#include <climits>
#include <limits>
#include <string>

#include "larder/base/numbers.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/journal.h"

namespace larder::commands {
namespace {

using namespace engine;

void wait(Call& call) {
  const auto replicas = base::parse_int64(call.arg(1));
  if (!replicas) return call.reply.error(errors::kNotAnInteger);
  const auto timeout = read_timeout(call, call.arg(2), TimeoutUnit::milliseconds);
  if (!timeout) return;
  if (*replicas <= 0) return call.reply.integer(0);
  const Wait until{.keys = {}, .type = {}, .timeout_ms = *timeout, .end = WaitEnd::zero};
  if (!call.wait_for(until)) call.reply.integer(0);
}

// Nothing if an error has been sent.
std::optional<std::int64_t> read_local(Call& call) {
  const auto local = base::parse_int64(call.arg(1));
  if (local && (*local == 0 || *local == 1)) return local;
  call.reply.error("ERR value is out of range, value must between 0 and 1");
  return std::nullopt;
}

std::optional<std::int64_t> read_replicas(Call& call) {
  const auto replicas = base::parse_int64(call.arg(2));
  if (replicas && *replicas >= 0) return replicas;
  call.reply.error("ERR value is out of range, must be positive");
  return std::nullopt;
}

void waitaof(Call& call, persistence::Journal& journal) {
  const auto local = read_local(call);
  if (!local) return;
  const auto replicas = read_replicas(call);
  if (!replicas) return;
  const auto timeout = read_timeout(call, call.arg(3), TimeoutUnit::milliseconds);
  if (!timeout) return;
  if (*local != 0 && !journal.is_on()) {
    return call.reply.error(
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  const std::uint64_t position = call.session.shown_position;
  const bool is_synced = journal.is_on() && journal.synced() >= position;
  const bool waits = *replicas > 0 || (*local > 0 && !is_synced);
  const Wait until{.keys = {},
                   .type = {},
                   .timeout_ms = *timeout,
                   .end = is_synced ? WaitEnd::one_and_zero : WaitEnd::two_zeros,
                   .position = journal.is_on() && !is_synced ? position : 0};
  if (waits && call.wait_for(until)) return;
  call.reply.array(2);
  call.reply.integer(is_synced ? 1 : 0);
  call.reply.integer(0);
}

constexpr std::string_view kTips = "request_policy:all_shards response_policy:agg_min";

}  // namespace

std::span<const engine::Command> generic_wait() {
  static constexpr Command kCommands[] = {
      {.name = "wait",
       .family = Family::generic,
       .arity = exactly(3),
       .flags = kBlocks,
       .categories = kConnection,
       .handler = Handler::of<wait>(),
       .since = "3.0.0",
       .summary = "Waits until so many replicas have the writes of this connection.",
       .complexity = "O(1)",
       .arguments = "numreplicas:integer timeout:integer",
       .tips = kTips},
      {.name = "waitaof",
       .family = Family::generic,
       .arity = exactly(4),
       .flags = kBlocks,
       .categories = kConnection,
       .handler = Handler::of<waitaof>(),
       .since = "7.2.0",
       .summary = "Waits until the writes of this connection are in append-only files, here and "
                  "with so many replicas.",
       .complexity = "O(1)",
       .arguments = "numlocal:integer numreplicas:integer timeout:integer",
       .tips = kTips},
  };
  return kCommands;
}

}  // namespace larder::commands
