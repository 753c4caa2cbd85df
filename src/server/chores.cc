// The work on the data without a command: the part that is done hz times a second, and that at the
// end of each turn of the loop.

#include "larder/server/core.h"

namespace larder::server {
namespace {

// How often the allocator's and the system's figures are read.
constexpr std::int64_t kSampleMs = 100;

// The part bounds its own time, as its header says.
constexpr std::int64_t kOwn = 0;
// A few instructions, or as many as there are sessions.
constexpr std::int64_t kAtOnce = 0;

}  // namespace

struct Core::Chore {
  // How long one run may take.
  std::int64_t budget_us;
  // True when work is left for the next turn.
  bool (*run)(Core& core, std::int64_t budget_us);
};

std::span<const Core::Chore> Core::beat_chores() {
  static constexpr Chore kChores[] = {
      {kOwn,
       [](Core& core, std::int64_t) {
         core.observer.watch(engine::LatencyEvent::expire_cycle,
                             [&core] { return core.sweeper.run(core.sweeper.budget()); });
         core.executor.settle_background();
         return false;
       }},
      {kAtOnce,
       [](Core& core, std::int64_t) {
         core.observer.run_periodic();
         return false;
       }},
      // Keeps access bits right.
      {500,
       [](Core& core, std::int64_t budget_us) {
         core.evictor.ager().run(base::Budget(core.clock, budget_us));
         return false;
       }},
      {kOwn,
       [](Core& core, std::int64_t) {
         core.keyspace.look_for_big_keys();
         return false;
       }},
      {kAtOnce,
       [](Core& core, std::int64_t) {
         keyspace::Graveyard& graveyard = core.keyspace.graveyard();
         core.memory_metrics.lazyfree_pending_objects =
             static_cast<std::int64_t>(graveyard.lazy_keys());
         core.memory_metrics.lazyfreed_objects += graveyard.take_freed();
         return false;
       }},
      // Tens of microseconds.
      {kOwn,
       [](Core& core, std::int64_t) {
         if (core.clock.steady_ms() - core.sampled_ms_ < kSampleMs) return false;
         core.sampled_ms_ = core.clock.steady_ms();
         core.memory_metrics.sample();
         return false;
       }},
  };
  return kChores;
}

std::span<const Core::Chore> Core::turn_chores() {
  static constexpr Chore kChores[] = {
      {kAtOnce,
       [](Core& core, std::int64_t) {
         core.pause.expire();
         return false;
       }},
      // Frees what sessions left behind.
      {300,
       [](Core& core, std::int64_t budget_us) {
         if (!core.sessions.has_left()) return false;
         base::TurnTime& time = core.executor.turn_time();
         const std::int64_t began_us = core.clock.steady_now_us();
         const bool freed =
             core.sessions.free_left(base::Budget(core.clock, time.left_us(budget_us)));
         time.spend(core.clock.steady_now_us() - began_us);
         return !freed;
       }},
      // Evicts, expires, frees, and runs commands that wait or continue.
      {kOwn, [](Core& core, std::int64_t) { return core.executor.end_turn(); }},
      {kOwn, [](Core& core, std::int64_t) { return core.tracking.end_turn(); }},
      {kAtOnce,
       [](Core& core, std::int64_t) {
         core.memory_metrics.note_peak();
         return false;
       }},
  };
  return kChores;
}

bool Core::run(std::span<const Chore> chores) {
  bool left = false;
  for (const Chore& chore : chores) left |= chore.run(*this, chore.budget_us);
  return left;
}

void Core::beat() {
  if (!cron.paused) run(beat_chores());
}

bool Core::end_turn() { return run(turn_chores()); }

}  // namespace larder::server
