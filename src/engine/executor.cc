#include "larder/engine/executor.h"

#include <array>
#include <string>
#include <utility>

#include "larder/base/assert.h"
#include "larder/base/cycles.h"
#include "larder/engine/call.h"
#include "larder/engine/keys.h"
#include "larder/memory/reserve.h"

namespace larder::engine {
namespace {

// The time for serving unblocked sessions in one call.
constexpr std::int64_t kServeUs = 500;
// A database with this many keys stays in the processor's L2 cache: prefetching is not needed.
constexpr std::size_t kKeysInCache = 4096;

}  // namespace

Executor::Executor(const Parts& parts) : parts_(parts), long_commands_(parts.clock) {
  attach(parts_.watches);
  attach(parts_.waiters);
  parts_.sweeper.report_to(*this);
  check_system_memory();
}

// Without listeners there is nothing to propagate: two tests.
[[gnu::always_inline]] inline void Executor::settle(OwnEffects& own, int db, resp::Args args) {
  keyspace::ChangeLog& log = parts_.keyspace.log();
  if (__builtin_expect(!parts_.effects.listened() && log.empty(), 1)) return;
  settle_changes(own, db, args);
}

bool Executor::is_write(resp::Args args) const {
  const BoundCommand* const command = parts_.commands.resolve(args);
  return command != nullptr && command->row->has(kWrites);
}

void Executor::add(ChangeSink& sink) {
  sinks_.push_back(&sink);
  parts_.keyspace.log().listen();
}

void Executor::follow(EffectSink& sink) {
  parts_.effects.add(sink);
  parts_.keyspace.log().listen_to_removals();
}

void Executor::unfollow(EffectSink& sink) {
  parts_.effects.remove(sink);
  if (!parts_.effects.listened()) {
    // No sink is left for the effects that running commands have named already.
    for (Execution* each = running_; each != nullptr; each = each->outer) {
      each->effects = parts_.effects.begin_command();
    }
  }
  parts_.keyspace.log().unlisten_to_removals();
}

// Before a batch runs: which commands it has, and which of their keys to prefetch.
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
  plan.fetches_ = exceeds_cache(session.db);
}

bool Executor::exceeds_cache(int db) const {
  return parts_.keyspace.db(static_cast<std::size_t>(db)).size() > kKeysInCache;
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
  Execution batch{.session = session, .cycles = base::cycles()};
  const Running running(*this, batch);
  Timing timing = Timing::now;
  const bool has_large = plan.bytes_ >= kLeastProbed;
  std::size_t ran = 0;
  ends_batch_ = false;
  for (; ran < requests.size(); ++ran) {
    batch.unsent = session.reply.buffer().size();
    if (session.closing != Closing::no || session.is_parked() || session.is_held() ||
        batch.unsent > most_unsent || ends_batch_) {
      break;
    }
    if (__builtin_expect(has_large, 0) &&
        refuses_large(session, requests[ran], planned[ran].command)) {
      timing = Timing::now;
      continue;
    }
    // Small fast commands of one kind in a row are timed together: reading the counter costs a
    // fifth of the time that they take.
    timing =
        planned[ran].like_next && !parts_.observer.times_each() ? Timing::with_next : Timing::now;
    if (!dispatch(batch, requests[ran].args, planned[ran], timing)) {
      // The commands before were of another kind, and are charged.
      timing = Timing::now;
      break;
    }
  }
  if (batch.put_off) {
    --ran;
    const CommandStats& stats = planned[ran].command->stats;
    if (stats.calls == stats.timed) timing = Timing::now;
  }
  if (timing == Timing::with_next) charge(batch, requests[ran - 1].args, *planned[ran - 1].command);
  if (parts_.sampler != nullptr && parts_.sampler->is_due(ran)) {
    parts_.sampler->sample(session.db, parts_.commands, requests.first(ran));
  }
  return ran;
}

// Charges the command, together with those of its kind that ran since the last reading. While its
// session is parked the time is kept until the reply.
[[gnu::always_inline]] inline void Executor::charge(Execution& execution, resp::Args args,
                                                    BoundCommand& command) {
  Session& session = execution.session;
  const std::uint64_t now = base::cycles();
  std::uint64_t took = now - execution.cycles;
  execution.cycles = now;
  CommandStats& stats = command.stats;
  stats.cycles += took;
  const std::uint64_t calls = stats.calls - stats.timed;
  if (__builtin_expect(execution.turn == Turn::again, 0)) {
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

void Executor::note_sizes(const Execution& execution, resp::Args args,
                          const BoundCommand& command) {
  Session& session = execution.session;
  parts_.observer.sizes({session, command, args, execution.request_bytes},
                        session.reply.buffer().size() - execution.unsent);
}

// Most commands need no further checks.
[[gnu::always_inline]] inline Executor::Admission Executor::admit(Session& session, resp::Args args,
                                                                  BoundCommand* command) {
  const bool runs = command != nullptr && !command->is_container() &&
                    command->row->arity.admits(args.size()) &&
                    (command->refusals & closed_for(session)) == 0 &&
                    !(command->wants_room && parts_.evictor.needs_room());
  if (__builtin_expect(runs, 1)) return Admission::runs;
  return admit_checked(session, args, command);
}

[[gnu::always_inline]] inline bool Executor::dispatch(Execution& execution, resp::Args args,
                                                      const Planned& planned, Timing timing) {
  Session& session = execution.session;
  const Admission admission = admit(session, args, planned.command);
  if (__builtin_expect(admission == Admission::runs, 1)) {
    invoke(execution, args, planned, timing);
    session.seen_offset = parts_.effects.stream_end();
  } else {
    if (is_put_off(admission)) {
      put_off(session, *planned.command, admission);
      return false;
    }
    if (admission == Admission::queued) {
      queue(session, *planned.command, args, planned.hash);
    } else {
      notify_refusal(session);
    }
    if (session.reply_mode != ReplyMode::on) session.advance_reply_mode();
    if (timing == Timing::now) execution.cycles = base::cycles();
  }
  if (__builtin_expect(parts_.waiters.has_ready() && !postponed_, 0)) {
    if (timing == Timing::with_next) charge(execution, args, *planned.command);
    serve_ready();
    execution.cycles = base::cycles();
  }
  return true;
}

// Commands that wait for keys may change data when they run again. The time is read anew, because
// the commands before them, especially a transaction, may have taken longer than the remaining time
// of a key.
void Executor::serve_ready() {
  if (is_paused() || is_busy()) return;
  const keyspace::Removals::Interrupted interrupted(parts_.keyspace.removals());
  parts_.clock.tick();
  base::Budget budget(parts_.clock, kServeUs);
  std::uint64_t cycles = base::cycles();
  while (const ParkedCommand* parked = parts_.waiters.resume()) {
    Execution execution{.session = *parked->session, .turn = Turn::again, .cycles = cycles};
    const Running running(*this, execution);
    // A command that waits for keys does not wait for room as well: it moves an element that exists
    // already. It does not wait for a snapshot either, which then writes the value at once.
    const Admission admission = admit(execution.session, parked->words, parked->bound);
    if (admission == Admission::runs || admission == Admission::waits_for_memory ||
        admission == Admission::waits_for_snapshot) {
      run_parked(execution, *parked);
    } else if (admission == Admission::waits_for_held_keys) {
      parts_.waiters.wait_for_held_keys();
    }
    cycles = execution.cycles;
    parts_.waiters.end_resume();
    if (budget.spent()) break;
  }
  postponed_ = parts_.waiters.has_ready();
  // Keys that were found expired on the way.
  settle_background();
}

// The gate of the script does not refuse them: they were admitted before it was closed.
void Executor::serve_reached() {
  std::uint64_t cycles = base::cycles();
  while (const ParkedCommand* parked = parts_.waiters.resume_reached()) {
    Execution execution{.session = *parked->session, .turn = Turn::again, .cycles = cycles};
    const Running running(*this, execution);
    run_parked(execution, *parked);
    cycles = execution.cycles;
    parts_.waiters.end_resume();
  }
}

Executor::Planned Executor::plan_alone(BoundCommand* command, resp::Args args) {
  if (command == nullptr) return {nullptr, 0, false};
  const auto key = static_cast<std::size_t>(command->first_key);
  const bool has_key = key != 0 && key < args.size();
  return {command, has_key ? base::hash_bytes(args[key]) : 0, false};
}

void Executor::run_parked(Execution& execution, const ParkedCommand& parked) {
  const Planned planned = plan_alone(parked.bound, parked.words);
  parts_.observer.expect_more(parked.bytes);
  execution.unsent = execution.session.reply.buffer().size();
  execution.request_bytes = parked.request_bytes;
  invoke(execution, parked.words, planned, Timing::now);
  execution.session.seen_offset = parts_.effects.stream_end();
}

// These commands were admitted when they began. True if there is more work.
bool Executor::run_long_commands() {
  std::uint64_t cycles = base::cycles();
  while (const ParkedCommand* parked = long_commands_.next_step()) {
    Execution execution{.session = *parked->session, .turn = Turn::again, .cycles = cycles};
    const Running running(*this, execution);
    run_parked(execution, *parked);
    cycles = execution.cycles;
    long_commands_.end_step();
  }
  return long_commands_.has_steps();
}

// If it would have to wait for room, room is made now: the outer command cannot stop in between.
[[gnu::always_inline]] inline void Executor::run_nested(Execution& inner, resp::Args args,
                                                        const Planned& planned) {
  LARDER_ASSERT(running_ != nullptr);
  LARDER_ASSERT(parts_.effects.in_group());
  Session& session = inner.session;
  inner.cycles = base::cycles();
  inner.effects.begin = parts_.effects.begin_command().begin;
  inner.unsent = session.reply.buffer().size();
  const Running running(*this, inner);
  if (__builtin_expect(!memory::has_reserve(), 0)) check_system_memory();
  Admission admission;
  do {
    admission = admit(session, args, planned.command);
  } while (admission == Admission::waits_for_memory);
  // A snapshot writes the value at once. The script did not declare the key that is held.
  if (admission == Admission::waits_for_snapshot || admission == Admission::waits_for_held_keys) {
    admission = Admission::runs;
  }
  LARDER_ASSERT(admission == Admission::runs || admission == Admission::refused);
  if (admission == Admission::runs) invoke(inner, args, planned, Timing::now);
}

void Executor::run_nested(Session& session, resp::Args args) {
  Execution inner{.session = session, .turn = Turn::within};
  run_nested(inner, args, plan_alone(parts_.commands.resolve(args), args));
}

void Executor::run_nested(Session& session, resp::Args args, BoundCommand& command,
                          Followers followers) {
  Execution inner{.session = session, .turn = Turn::within};
  inner.effects.only_removals = followers == Followers::get_removals;
  run_nested(inner, args, plan_alone(&command, args));
}

[[gnu::always_inline]] inline void Executor::count(Execution& execution, BoundCommand& command) {
  ++command.stats.calls;
  ++parts_.metrics.commands_processed;
  if (__builtin_expect(execution.session.reply.errors() != execution.errors, 0)) {
    count_errors(execution, command);
  }
}

void Executor::invoke(Execution& execution, resp::Args args, const Planned& planned,
                      Timing timing) {
  Session& session = execution.session;
  BoundCommand& command = *planned.command;
  const auto key = static_cast<std::size_t>(command.first_key);
  session.last_command = command.row;
  session.reply.start_command();
  execution.errors = session.reply.errors();
  execution.touches = !session.no_touch || command.row->has(kAlwaysTouches);
  parts_.keyspace.access().touching = execution.touches;

  const int db = session.db;
  Call call{
      args,
      key != 0 && key < args.size() ? keyspace::Key{args[key], planned.hash} : keyspace::Key{},
      parts_.keyspace.db(static_cast<std::size_t>(db)),
      session,
      session.reply,
      parts_.effects,
      execution.effects,
      command,
      parts_.waiters,
      execution.turn == Turn::again,
      long_commands_};
  command.row->handler(call, command.tools);
  if (__builtin_expect(session.is_held(), 0) && was_put_off(session)) {
    notify_refusal(session);
    execution.put_off = true;
    return settle(execution.effects, db, args);
  }
  if (__builtin_expect(
          session.reply.buffer().grown_bytes() >= parts_.observer.watched_reply_bytes(), 0) &&
      check_reply_size(execution, args, command)) {
    return settle(execution.effects, db, args);
  }

  // A parked session has no reply yet: the command is counted when it replies.
  const bool answered = !session.is_parked();
  if (__builtin_expect(answered, 1)) count(execution, command);
  if (timing == Timing::now) charge(execution, args, command);
  if (__builtin_expect(answered, 1)) {
    if (__builtin_expect(session.reply_mode != ReplyMode::on, 0) &&
        execution.turn != Turn::queued) {
      session.advance_reply_mode();
    }
  }
  settle(execution.effects, db, args);
  if (__builtin_expect(!command_sinks_.empty(), 0)) notify_command_sinks(execution, command, args);
  if (__builtin_expect(parts_.keyspace.graveyard().has_free_backlog(), 0)) free_backlog(execution);
}

// The running command must run again when there is room below maxmemory (Call) or for its reply, or
// when a pause ends. A command that is parked continues by itself.
bool Executor::was_put_off(const Session& session) const {
  if (session.is_parked()) return false;
  return parts_.waiters.waiting_for_memory().has(session) || session.is_held_for_reply() ||
         parts_.waiters.paused().has(session) || parts_.waiters.for_held_keys().has(session);
}

void Executor::count_errors(Execution& execution, BoundCommand& command) {
  const resp::Writer& reply = execution.session.reply;
  ++command.stats.failed;
  parts_.metrics.error_replies += reply.errors() - execution.errors;
  parts_.metrics.errors.count(reply.error_code());
  execution.errors = reply.errors();
  execution.session.note_error(&command);
}

void Executor::announce(const Call& call) {
  for (CommandSink* sink : command_sinks_) sink->ran(call.session, call.command, call.args);
}

void Executor::forget_error() {
  running_->errors = running_->session.reply.errors();
  running_->session.reply.start_command();
}

void Executor::propagate(OwnEffects& own, int db, resp::Args args) {
  const keyspace::ChangeLog& log = parts_.keyspace.log();
  for (const keyspace::Change& change : log.entries()) {
    if (change.cause != keyspace::Cause::command) propagate_removal(own, change, args.empty());
  }
  parts_.effects.settle(own, db, args, log.command_changed());
}

// `alone`: no command is running to whose effects the removal would belong.
void Executor::propagate_removal(OwnEffects& own, const keyspace::Change& change, bool alone) {
  // If no element is named, the key was removed with its last element, and followers do the same.
  const bool of_element = change.cause == keyspace::Cause::element_expired;
  if (of_element && !change.element) return;
  const auto pass = [&](std::initializer_list<std::string_view> words) {
    alone || change.cause == keyspace::Cause::evicted
        ? parts_.effects.propagate_removal(own, change.db, words)
        : parts_.effects.prepend(own, change.db, words);
  };
  of_element ? pass({"HDEL", change.key, *change.element}) : pass({"DEL", change.key});
}

void Executor::settle_changes(OwnEffects& own, int db, resp::Args args) {
  keyspace::ChangeLog& log = parts_.keyspace.log();
  log.read([&](std::span<const keyspace::Change> changes) {
    if (parts_.effects.listened()) propagate(own, db, args);
    if (changes.empty()) return;
    for (ChangeSink* sink : sinks_) sink->read(changes);
  });
}

// No command is running.
void Executor::settle_background() {
  OwnEffects none = parts_.effects.begin_command();
  settle(none, 0, {});
}

}  // namespace larder::engine
