#include "doctor.h"
#include "larder/commands/client_line.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/eviction/settings.h"
#include "larder/expiry/metrics.h"
#include "larder/memory/metrics.h"
#include "larder/replication/follower.h"

namespace larder::commands {
namespace {

using namespace engine;

void look_at_replica(Symptoms& symptoms, const Session& session) {
  const auto* const replica = replication::Follower::of(session);
  if (!replica->needs_stream()) return;
  symptoms.lagging.push_back({replica->name(), replica->behind_bytes(), replica->lag_s()});
  symptoms.spilled_bytes = static_cast<std::int64_t>(replica->spilled_bytes());
}

void look_at_clients(Symptoms& symptoms, const Sessions& sessions) {
  const Session* worst = nullptr;
  Peer::Buffers most;
  for (const Session* session = sessions.first(); session != nullptr; session = session->next()) {
    const Peer::Buffers held = session->peer().buffers();
    if (held.held_back) ++symptoms.clients_held_back;
    if (session->is_replica) look_at_replica(symptoms, *session);
    if (worst != nullptr && held.total <= most.total) continue;
    most = held;
    worst = session;
  }
  symptoms.clients = static_cast<std::int64_t>(sessions.size());
  if (worst == nullptr) return;
  symptoms.culprit = {.id = worst->id,
                      .address = worst->peer().address(),
                      .name = std::string(worst->name),
                      .last_command = last_command(*worst),
                      .input_bytes = static_cast<std::int64_t>(most.query),
                      .output_bytes = static_cast<std::int64_t>(most.reply_held),
                      .total_bytes = static_cast<std::int64_t>(most.total)};
}

void read_pages(Symptoms& symptoms, memory::Metrics& metrics) {
  metrics.note_peak();
  symptoms.startup_bytes = static_cast<std::int64_t>(metrics.startup_bytes());
  symptoms.peak_bytes = static_cast<std::int64_t>(metrics.peak_bytes());
  symptoms.rss_bytes = static_cast<std::int64_t>(metrics.rss_bytes());
  symptoms.allocated_bytes = static_cast<std::int64_t>(metrics.pages().allocated);
  symptoms.active_bytes = static_cast<std::int64_t>(metrics.pages().active);
  symptoms.resident_bytes = static_cast<std::int64_t>(metrics.pages().resident);
}

void memory_doctor(Call& call, memory::Metrics& metrics, Sessions& sessions,
                   eviction::Settings& eviction, expiry::Metrics& expiry) {
  Symptoms symptoms;
  symptoms.charges = memory::balance();
  read_pages(symptoms, metrics);
  symptoms.limit_bytes = eviction.maxmemory.value();
  symptoms.client_budget_bytes = eviction.client_budget();
  symptoms.evicts = eviction.maxmemory_policy.print() != "noeviction";
  symptoms.expired_bytes = static_cast<std::int64_t>(expiry.unfreed_bytes());
  look_at_clients(symptoms, sessions);
  call.reply.verbatim("txt", diagnose(symptoms));
}

}  // namespace

std::span<const engine::Command> server_memory_doctor() {
  static constexpr Command kCommands[] = {
      {.name = "memory doctor",
       .family = Family::server,
       .arity = exactly(2),
       .handler = Handler::of<memory_doctor>(),
       .since = "4.0.0",
       .summary = "Returns a report of memory problems, with advice.",
       .complexity = "O(N) where N is the number of connections",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
