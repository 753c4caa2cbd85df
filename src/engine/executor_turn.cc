// The work between commands: freeing what a command removed, and the background work at the end of
// a turn. All of it shares the time of the turn.

#include "larder/engine/executor.h"
#include "larder/memory/reserve.h"

namespace larder::engine {
namespace {

// The time for evicting at the end of a turn.
constexpr std::int64_t kEvictUs = 500;
// The time for freeing after small removals when the turn has no time left. It is enough for twice
// the bytes that such commands remove between two calls of free_backlog().
constexpr std::int64_t kLeastFreeUs = 100;
// The number of held sessions that resume at the end of one turn.
constexpr std::size_t kResumedAtOnce = 8;

}  // namespace

// Commands that remove small values free twice as much. What large ones leave to be freed is
// bounded in two ways: the client whose command removed more than could be freed waits, and if many
// clients do so, all commands that write wait.
[[gnu::noinline]] void Executor::free_backlog(Execution& execution) {
  keyspace::Graveyard& graveyard = parts_.keyspace.graveyard();
  const std::int64_t spent_us = graveyard.removed_large() ? 0 : kLeastFreeUs;
  const std::int64_t began_us = parts_.clock.steady_now_us();
  graveyard.free_backlog(parts_.clock, turn_time_.is_spent()
                                           ? spent_us
                                           : turn_time_.left_us(keyspace::Graveyard::kMostFreeUs));
  const std::int64_t took_us = parts_.clock.steady_now_us() - began_us;
  // Freeing after small removals is a part of their commands.
  if (took_us >= kLeastFreeUs) turn_time_.spend(took_us);
  const bool is_of_client = execution.turn == Turn::first || execution.turn == Turn::queued;
  if (graveyard.is_behind() && is_of_client) {
    parts_.waiters.for_frees().add(execution.session);
  }
  if (graveyard.is_over_bound()) parts_.gates.close(Gate::freeing);
}

void Executor::reserve_for_long_commands() {
  if (is_reserved_ || !long_commands_.has_steps()) return;
  turn_time_.spend(LongCommands::kTurnUs);
  is_reserved_ = true;
}

void Executor::check_system_memory() {
  memory::keep_reserve() ? parts_.gates.open(Gate::out_of_memory)
                         : parts_.gates.close(Gate::out_of_memory);
}

bool Executor::end_turn() {
  if (__builtin_expect(!memory::has_reserve(), 0)) check_system_memory();
  reserve_for_long_commands();
  bool left = make_room_at_turn_end();
  left |= expire_at_turn_end();
  left |= free_at_turn_end();
  settle_background();
  if (__builtin_expect(long_commands_.has_steps(), 0)) left |= run_long_commands();
  long_commands_.end_turn();
  left |= serve_at_turn_end();
  flush();
  turn_time_.begin_turn();
  page_work_us_ = 0;
  is_reserved_ = false;
  return left;
}

// If there is room, or none can be made, the first sessions that waited for room resume. Room is
// kept for the first of them until the next turn is over, so that others cannot take it before.
bool Executor::make_room_at_turn_end() {
  HeldSessions& waiting = parts_.waiters.waiting_for_memory();
  parts_.evictor.reserve_for_command(waiting.wanted_bytes());
  if (parts_.evictor.needs_room()) {
    const std::int64_t began_us = parts_.clock.steady_now_us();
    const eviction::Room room = make_room(base::Budget(parts_.clock, turn_time_.left_us(kEvictUs)));
    // No command took the room that was made. The time for pages is charged already.
    if (room == eviction::Room::enough) {
      turn_time_.spend(parts_.clock.steady_now_us() - began_us - parts_.evictor.page_work_us());
    }
    if (room == eviction::Room::working || room == eviction::Room::freeing) return true;
    if (room == eviction::Room::waiting) return false;
  }
  if (is_freeing_first()) return true;
  if (is_journal_full()) return false;
  const bool resumes = !waiting.empty();
  waiting.resume(kResumedAtOnce);
  return resumes;
}

// The slow cycle of expiry may have run in this turn as well: the sweeper bounds both together. A
// pass that is not over continues in the next turn without a wait, while its share of time lasts.
bool Executor::expire_at_turn_end() {
  parts_.observer.watch(LatencyEvent::expire_cycle, [this] {
    return parts_.sweeper.run_fast(turn_time_.left_us(expiry::Sweeper::kStepUs));
  });
  turn_time_.spend(parts_.sweeper.end_turn());
  return parts_.sweeper.is_unfinished() && parts_.sweeper.rest_ms() == 0;
}

bool Executor::free_at_turn_end() {
  keyspace::Graveyard& graveyard = parts_.keyspace.graveyard();
  if (!graveyard.empty()) {
    parts_.observer.watch(LatencyEvent::free_cycle, [this, &graveyard] {
      const std::int64_t us = turn_time_.left_us(graveyard.drain_time_us());
      return graveyard.drain(base::Budget(parts_.clock, us));
    });
  }
  bool left = !graveyard.empty();
  if (is_freeing_first() && !graveyard.is_over_bound()) {
    parts_.gates.open(Gate::freeing);
    left = true;
  }
  // The graveyard may never be empty while other clients remove small values.
  HeldSessions& waiting = parts_.waiters.for_frees();
  if (waiting.empty() || graveyard.holds_tables() || graveyard.is_behind()) return left;
  waiting.resume(kResumedAtOnce);
  return true;
}

// True if a session got a reply now, or will get one in the next turn.
bool Executor::serve_at_turn_end() {
  bool served = parts_.waiters.expire() > 0;
  if (parts_.waiters.has_ready()) {
    served = served || !is_paused();
    serve_ready();
  } else {
    // The sessions to serve may have disconnected.
    postponed_ = false;
  }
  return served;
}

}  // namespace larder::engine
