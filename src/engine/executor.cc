#include "larder/engine/executor.h"

#include <array>
#include <utility>

#include "larder/base/cycles.h"
#include "larder/engine/call.h"

namespace larder::engine {
namespace {

// How long the end of a turn may take for evicting.
constexpr std::int64_t kEvictUs = 500;
// How many sessions that waited go on at the end of one turn: each may evict, or free, for as long
// as Evictor::budget() says.
constexpr std::size_t kResumedAtOnce = 8;
// How long those who waited are served in one go.
constexpr std::int64_t kServeUs = 500;

// A database of this many keys stays in the processor's second cache: nothing to fetch ahead.
constexpr std::size_t kKeysInCache = 4096;

}  // namespace

Executor::Executor(const Parts& parts) : parts_(parts), long_commands_(parts.clock) {
  attach(parts_.watches);
  attach(parts_.waiters);
}

// Without listeners there is nothing to pass on: two tests.
[[gnu::always_inline]] inline void Executor::settle(int db, resp::Args args) {
  keyspace::ChangeLog& log = parts_.keyspace.log();
  if (__builtin_expect(!parts_.effects.listened() && log.empty(), 1)) return;
  pass_on_and_tell(db, args);
}

void Executor::add(ChangeSink& sink) {
  sinks_.push_back(&sink);
  parts_.keyspace.log().listen();
}

void Executor::follow(EffectSink& sink) {
  parts_.effects.add(sink);
  parts_.keyspace.log().listen();
}

std::size_t Executor::run(Session& session, std::span<const resp::Request> requests,
                          std::size_t most_unsent) {
  Plan plan;
  this->plan(session, requests, plan);
  fetch_entries(session, plan);
  return run(session, requests, plan, most_unsent);
}

std::size_t Executor::run(Session& session, std::span<const resp::Request> requests,
                          const Plan& plan, std::size_t most_unsent) {
  const Planned* const planned = plan.requests_.data();
  parts_.observer.expect(plan.bytes_);
  session.last_active_ms = parts_.clock.steady_ms();
  cycles_ = base::cycles();
  running_ = &session;
  Timing timing = Timing::now;
  std::size_t ran = 0;
  for (; ran < requests.size(); ++ran) {
    unsent_ = session.reply.buffer().size();
    if (session.closing != Closing::no || session.is_parked() || session.is_held() ||
        unsent_ > most_unsent) {
      break;
    }
    // Small fast commands of one kind in a row are timed together: reading the counter costs a
    // fifth of what they do.
    timing =
        planned[ran].like_next && !parts_.observer.times_each() ? Timing::with_next : Timing::now;
    if (!dispatch(session, requests[ran].args, planned[ran], timing)) {
      // What went before was another command, and is charged.
      timing = Timing::now;
      break;
    }
  }
  if (put_off_) {
    put_off_ = false;
    --ran;
    const CommandStats& stats = planned[ran].command->stats;
    if (stats.calls == stats.timed) timing = Timing::now;
  }
  if (timing == Timing::with_next) {
    charge(session, requests[ran - 1].args, *planned[ran - 1].command);
  }
  running_ = nullptr;
  if (parts_.hot_keys != nullptr && parts_.hot_keys->is_due(ran)) {
    parts_.hot_keys->sample(session.db, parts_.commands, requests.first(ran));
  }
  return ran;
}

// To the command, with those of its kind that ran since the last time was taken. While its session
// is parked the time is kept for the answer.
[[gnu::always_inline]] inline void Executor::charge(Session& session, resp::Args args,
                                                    BoundCommand& command, Turn turn) {
  const std::uint64_t now = base::cycles();
  std::uint64_t took = now - cycles_;
  cycles_ = now;
  CommandStats& stats = command.stats;
  stats.cycles += took;
  const std::uint64_t calls = stats.calls - stats.timed;
  if (__builtin_expect(turn == Turn::again, 0)) {
    took += parts_.waiters.resumed_cycles() + long_commands_.resumed_cycles();
  }
  if (__builtin_expect(calls == 0, 0)) return keep_cycles(session, took);
  stats.timed = stats.calls;
  parts_.observer.time(stats.latency, took, calls);
  if (__builtin_expect(took >= parts_.observer.slow_cycles(), 0)) {
    parts_.observer.slow({session, command, args}, took, calls);
  }
}

void Executor::keep_cycles(Session& session, std::uint64_t cycles) {
  session.is_working() ? long_commands_.keep_cycles(session, cycles)
                       : parts_.waiters.keep_cycles(session, cycles);
}

void Executor::note_sizes(Session& session, resp::Args args, const BoundCommand& command) {
  parts_.observer.sizes({session, command, args}, session.reply.buffer().size() - unsent_);
}

void Executor::plan(const Session& session, std::span<const resp::Request> requests,
                    Plan& plan) const {
  Planned* const planned = plan.requests_.data();
  std::uint64_t bytes = 0;
  const BoundCommand* small = nullptr;  // the request before, if it is of this command and small
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const resp::Args args = requests[i].args;
    bytes += requests[i].bytes;
    BoundCommand* command = parts_.commands.resolve(args);
    planned[i] = {command, 0, false};
    if (command == nullptr || command->small_words != args.size()) {
      small = nullptr;
    } else {
      if (small == command) planned[i - 1].like_next = true;
      small = command;
    }
    if (command == nullptr || command->first_key == 0) continue;
    const auto first_key = static_cast<std::size_t>(command->first_key);
    if (first_key >= args.size()) continue;
    planned[i].hash = base::hash_bytes(args[first_key]);
  }
  plan.size_ = requests.size();
  plan.bytes_ = bytes;
  plan.fetches_ = parts_.keyspace.db(static_cast<std::size_t>(session.db)).size() > kKeysInCache;
}

void Executor::fetch_buckets(const Session& session, const Plan& plan) const {
  if (!plan.fetches_) return;
  const keyspace::Database& db = parts_.keyspace.db(static_cast<std::size_t>(session.db));
  for (std::size_t i = 0; i < plan.size_; ++i) {
    if (plan.requests_[i].hash != 0) db.prefetch(plan.requests_[i].hash);
  }
}

void Executor::fetch_entries(const Session& session, const Plan& plan) const {
  if (!plan.fetches_) return;
  const keyspace::Database& db = parts_.keyspace.db(static_cast<std::size_t>(session.db));
  for (std::size_t i = 0; i < plan.size_; ++i) {
    if (plan.requests_[i].hash != 0) db.prefetch_entry(plan.requests_[i].hash);
  }
}

// Most commands need no closer look.
[[gnu::always_inline]] inline Executor::Admission Executor::admit(Session& session, resp::Args args,
                                                                  BoundCommand* command) {
  const bool runs = command != nullptr && !command->is_container() &&
                    command->row->arity.admits(args.size()) &&
                    (command->refusals & (parts_.gates.closed() | session.closed_gates)) == 0 &&
                    !(command->row->has(kGrows) && parts_.evictor.over_limit());
  if (__builtin_expect(runs, 1)) return Admission::runs;
  return look_closer(session, args, command);
}

[[gnu::always_inline]] inline bool Executor::dispatch(Session& session, resp::Args args,
                                                      const Planned& planned, Timing timing) {
  const Admission admission = admit(session, args, planned.command);
  if (__builtin_expect(admission == Admission::runs, 1)) {
    invoke(session, args, planned, timing);
  } else {
    if (admission == Admission::held || admission == Admission::waits_for_room) {
      put_off(session, *planned.command, admission);
      return false;
    }
    if (admission == Admission::queued) {
      queue(session, *planned.command, args, planned.hash);
    } else {
      tell_of_refusal(session);
    }
    if (session.reply_mode != ReplyMode::on) session.advance_reply_mode();
    if (timing == Timing::now) cycles_ = base::cycles();
  }
  if (__builtin_expect(parts_.waiters.has_ready() && !postponed_, 0)) {
    if (timing == Timing::with_next) charge(session, args, *planned.command);
    serve_ready();
  }
  return true;
}

// Commands that wait for keys may change data when they are run again. The time is read anew, since
// the commands before them, a transaction above all, may have taken longer than a key had to live.
void Executor::serve_ready() {
  if (is_paused()) return;
  parts_.clock.tick();
  base::Budget budget(parts_.clock, kServeUs);
  cycles_ = base::cycles();
  while (const ParkedCommand* parked = parts_.waiters.resume()) {
    run_again(*parked);
    parts_.waiters.end_resume();
    if (budget.spent()) break;
  }
  postponed_ = parts_.waiters.has_ready();
  // What was found expired on the way.
  if (!parts_.keyspace.log().empty()) settle(0, {});
}

void Executor::run_again(const ParkedCommand& parked) {
  const Session* const fed_by = std::exchange(running_, parked.session);
  if (admit(*parked.session, parked.words, parked.bound) == Admission::runs) run_parked(parked);
  running_ = fed_by;
}

void Executor::run_parked(const ParkedCommand& parked) {
  BoundCommand& command = *parked.bound;
  const auto key = static_cast<std::size_t>(command.first_key);
  const bool has_key = key != 0 && key < parked.words.size();
  const Planned planned{&command, has_key ? base::hash_bytes(parked.words[key]) : 0, false};
  parts_.observer.expect_more(parked.bytes);
  unsent_ = parked.session->reply.buffer().size();
  resumes_ = true;
  invoke(*parked.session, parked.words, planned, Timing::now, Turn::again);
  resumes_ = false;
}

// They were admitted when they began. True when there is more to do.
bool Executor::run_long_commands() {
  cycles_ = base::cycles();
  while (const ParkedCommand* parked = long_commands_.next_step()) {
    running_ = parked->session;
    run_parked(*parked);
    running_ = nullptr;
    long_commands_.end_step();
  }
  return !long_commands_.empty();
}

[[gnu::always_inline]] inline void Executor::count(Session& session, BoundCommand& command) {
  ++command.stats.calls;
  ++parts_.metrics.commands_processed;
  if (__builtin_expect(session.reply.errors() != errors_seen_, 0)) count_errors(session, command);
}

void Executor::invoke(Session& session, resp::Args args, const Planned& planned, Timing timing,
                      Turn turn) {
  BoundCommand& command = *planned.command;
  auto& access = parts_.keyspace.access();
  const auto key = static_cast<std::size_t>(command.first_key);
  session.last_command = command.row;
  session.reply.start_command();
  errors_seen_ = session.reply.errors();
  access.touching = !session.no_touch || command.row->has(kAlwaysTouches);

  const int db = session.db;
  Call call{
      args,
      key != 0 && key < args.size() ? keyspace::Key{args[key], planned.hash} : keyspace::Key{},
      parts_.keyspace.db(static_cast<std::size_t>(db)),
      session,
      session.reply,
      parts_.effects,
      command,
      parts_.waiters,
      turn == Turn::again,
      long_commands_};
  command.row->handler(call, command.tools);
  if (__builtin_expect(
          session.reply.buffer().grown_bytes() >= parts_.observer.watched_reply_bytes(), 0) &&
      look_at_reply(session, args, command, turn)) {
    return settle(db, args);
  }

  // Who is parked has not been answered: the command counts when it is.
  const bool answered = !session.is_parked();
  if (__builtin_expect(answered, 1)) count(session, command);
  if (timing == Timing::now) charge(session, args, command, turn);
  if (__builtin_expect(answered, 1)) {
    if (__builtin_expect(session.reply_mode != ReplyMode::on, 0) && turn != Turn::queued) {
      session.advance_reply_mode();
    }
  }
  settle(db, args);
  if (__builtin_expect(!command_sinks_.empty(), 0)) tell_of_command(session, command, args, turn);
  keyspace::Graveyard& graveyard = parts_.keyspace.graveyard();
  if (__builtin_expect(graveyard.has_debt(), 0)) graveyard.pay_debt(parts_.clock);
}

bool Executor::may_put_off() const {
  constexpr std::uint32_t kHasEffects = kWrites | kPubSub | kNoScript | kMayReplicate | kRunsQueue;
  return (running_->last_command->flags & kHasEffects) == 0 && running_->may_block && !resumes_;
}

// Looks at a session with a large request, or with more than a chunk of output. True when its
// command shall run again, as if it had not run.
bool Executor::look_at_reply(Session& session, resp::Args args, const BoundCommand& command,
                             Turn turn) {
  resp::ReplyBuffer& output = session.reply.buffer();
  if (!output.is_dropping()) {
    if (!session.is_parked()) note_sizes(session, args, command);
    return false;
  }
  if (turn != Turn::first || output.passed_own_bound() || !may_put_off()) {
    session.drop();
    return false;
  }
  const std::uint64_t wanted = output.wanted_behind(unsent_);
  output.keep_first(unsent_);
  session.put_off(wanted);
  tell_of_refusal(session);
  put_off_ = true;
  return true;
}

void Executor::count_errors(Session& session, BoundCommand& command) {
  ++command.stats.failed;
  parts_.metrics.error_replies += session.reply.errors() - errors_seen_;
  parts_.metrics.errors.count(session.reply.error_code());
  errors_seen_ = session.reply.errors();
}

void Executor::pass_on(int db, resp::Args args) {
  bool changed = false;
  for (const keyspace::Change& change : parts_.keyspace.log().entries()) {
    if (change.cause == keyspace::Cause::command) {
      changed = true;
    } else if (change.cause != keyspace::Cause::element_expired) {
      parts_.effects.ahead(change.db, {"DEL", change.key});
    } else if (change.element) {
      // Without an element the key went with its last one, there as here.
      parts_.effects.ahead(change.db, {"HDEL", change.key, *change.element});
    }
  }
  parts_.effects.settle(db, args, changed);
}

void Executor::pass_on_and_tell(int db, resp::Args args) {
  keyspace::ChangeLog& log = parts_.keyspace.log();
  if (parts_.effects.listened()) pass_on(db, args);
  if (log.empty()) return;
  log.read([this](std::span<const keyspace::Change> changes) {
    for (ChangeSink* sink : sinks_) sink->read(changes);
  });
}

bool Executor::end_turn() {
  bool left = make_room_late();
  LatencyMonitor& latency = parts_.observer.latency;
  latency.watch(LatencyEvent::expire_cycle, [this] { return parts_.sweeper.run_fast(); });
  left |= free_late();
  settle(0, {});
  if (__builtin_expect(!long_commands_.empty(), 0)) left |= run_long_commands();
  long_commands_.end_turn();
  return serve_late() || left;
}

// Where there is room, or none can be made, the first of those who waited for it go on.
bool Executor::make_room_late() {
  if (parts_.evictor.over_limit()) {
    const eviction::Room room = make_room(base::Budget(parts_.clock, kEvictUs));
    if (room == eviction::Room::working || room == eviction::Room::freeing) return true;
  }
  HeldLine& waiting = parts_.waiters.for_room();
  const bool resumes = !waiting.empty();
  waiting.resume(kResumedAtOnce);
  return resumes;
}

bool Executor::free_late() {
  keyspace::Graveyard& graveyard = parts_.keyspace.graveyard();
  if (!graveyard.empty()) {
    const bool freed = parts_.observer.latency.watch(LatencyEvent::free_cycle, [this, &graveyard] {
      return graveyard.drain(base::Budget(parts_.clock, graveyard.drain_time_us()));
    });
    if (!freed) return true;
  }
  HeldLine& waiting = parts_.waiters.for_frees();
  const bool resumes = !waiting.empty();
  waiting.resume(kResumedAtOnce);
  return resumes;
}

// True when someone got an answer now, or shall in the next turn.
bool Executor::serve_late() {
  bool served = parts_.waiters.expire() > 0;
  if (parts_.waiters.has_ready()) {
    served = served || !is_paused();
    serve_ready();
  } else {
    // Whom there was to serve may have gone.
    postponed_ = false;
  }
  return served;
}

}  // namespace larder::engine
