// WAIT and WAITAOF: until writes have reached replicas and files.

#include "larder/engine/wait.h"

#include <algorithm>
#include <climits>
#include <limits>
#include <string>

#include "larder/base/numbers.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/persistence/journal.h"
#include "larder/replication/replicas.h"

namespace larder::commands {
namespace {

using namespace engine;

using replication::Replicas;
using replication::Waits;

constexpr std::string_view kOnReplica =
    "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a "
    "replica is configured to be writable (which is not the default) writes to replicas are just "
    "local and are not propagated.";
constexpr std::string_view kAofOnReplica =
    "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas "
    "are just local and are not propagated.";

// Replies if the order is fulfilled or the session must not wait.
void wait_for(Call& call, Replicas& replicas, const Waits::Order& order) {
  const Wait until{
      .keys = {}, .type = {}, .end = order.on_disk ? WaitEnd::two_zeros : WaitEnd::zero};
  const bool waits = !replicas.waits().is_fulfilled(order) && Waits::may_wait(call.session);
  if (!waits || !call.wait_for(until)) return replicas.waits().answer(call.session, order);
  replicas.waits().add(call.session, order);
  replicas.ask_for_offsets();
}

void wait(Call& call, Replicas& replicas_of_this) {
  if (replicas_of_this.upstream() != Replicas::Upstream::none) {
    return call.reply.error(kOnReplica);
  }
  const auto replicas = base::parse_int64(call.arg(1));
  if (!replicas) return call.reply.error(errors::kNotAnInteger);
  const auto timeout = read_timeout(call, call.arg(2), TimeoutUnit::milliseconds);
  if (!timeout) return;
  wait_for(call, replicas_of_this,
           {.offset = call.session.seen_offset,
            .replicas = static_cast<std::size_t>(std::max<std::int64_t>(*replicas, 0)),
            .timeout_ms = *timeout});
}

// Nothing if an error has been sent.
std::optional<std::int64_t> read_local(Call& call) {
  const auto local = base::parse_int64(call.arg(1));
  if (!local) return call.reply.error(errors::kNotAnInteger), std::nullopt;
  if (*local == 0 || *local == 1) return local;
  call.reply.error("ERR value is out of range, value must between 0 and 1");
  return std::nullopt;
}

std::optional<std::int64_t> read_replicas(Call& call) {
  const auto replicas = base::parse_int64(call.arg(2));
  if (replicas && *replicas >= 0) return replicas;
  call.reply.error("ERR value is out of range, must be positive");
  return std::nullopt;
}

void waitaof(Call& call, persistence::Journal& journal, Replicas& replicas_of_this) {
  const auto local = read_local(call);
  if (!local) return;
  const auto replicas = read_replicas(call);
  if (!replicas) return;
  const auto timeout = read_timeout(call, call.arg(3), TimeoutUnit::milliseconds);
  if (!timeout) return;
  if (replicas_of_this.upstream() != Replicas::Upstream::none) {
    return call.reply.error(kAofOnReplica);
  }
  if (*local != 0 && !journal.is_on()) {
    return call.reply.error(
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
  }
  const std::uint64_t position = call.session.shown_position;
  if (*replicas > 0) {
    return wait_for(call, replicas_of_this,
                    {.offset = call.session.seen_offset,
                     .replicas = static_cast<std::size_t>(*replicas),
                     .position = position,
                     .own_file = *local > 0,
                     .on_disk = true,
                     .timeout_ms = *timeout});
  }
  const bool is_synced = journal.is_on() && journal.synced() >= position;
  const bool waits = *local > 0 && !is_synced;
  const Wait until{.keys = {},
                   .type = {},
                   .timeout_ms = *timeout,
                   .end = is_synced ? WaitEnd::one_and_zero : WaitEnd::two_zeros,
                   .position = journal.is_on() && !is_synced ? position : 0};
  if (waits && call.wait_for(until)) return;
  replicas_of_this.waits().answer(
      call.session, {.offset = call.session.seen_offset, .position = position, .on_disk = true});
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
