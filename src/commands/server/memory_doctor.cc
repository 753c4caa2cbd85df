#include "doctor.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/eviction/settings.h"
#include "larder/expiry/metrics.h"
#include "larder/memory/metrics.h"

namespace larder::commands {
namespace {

using namespace engine;

Symptoms::Culprit find_culprit(const Sessions& sessions) {
  const Session* worst = nullptr;
  std::int64_t most = 0;
  for (const Session* session = sessions.first(); session != nullptr; session = session->next()) {
    const auto held = static_cast<std::int64_t>(session->peer().buffers().reply_held);
    if (held > most) {
      most = held;
      worst = session;
    }
  }
  if (worst == nullptr) return {};
  return {worst->id, worst->peer().address(), std::string(worst->name), most};
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
  symptoms.evicts = eviction.maxmemory_policy.print() != "noeviction";
  symptoms.expired_bytes = static_cast<std::int64_t>(expiry.unfreed_bytes());
  symptoms.clients = static_cast<std::int64_t>(sessions.size());
  symptoms.culprit = find_culprit(sessions);
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
       .summary = "Says in plain words which owner of memory to look at, if any.",
       .complexity = "O(N) where N is the number of connections",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
