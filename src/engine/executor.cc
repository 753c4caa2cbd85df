#include "larder/engine/executor.h"

#include <array>
#include <string>

#include "larder/base/cycles.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"

namespace larder::engine {
namespace {

// How long the end of a turn may take for evicting, and for freeing.
constexpr std::int64_t kEvictUs = 500;
constexpr std::int64_t kFreeUs = 200;
// How long those who waited are served in one go.
constexpr std::int64_t kServeUs = 500;

// A database of this many keys stays in the processor's second cache: nothing to fetch ahead.
constexpr std::size_t kKeysInCache = 4096;

// Redis shows this much of what it did not understand.
constexpr std::size_t kMostShown = 128;

std::string unknown_command(resp::Args args) {
  std::string text = "ERR unknown command '" + std::string(args[0].substr(0, kMostShown)) +
                     "', with args beginning with: ";
  std::string shown;
  for (std::size_t i = 1; i < args.size() && shown.size() < kMostShown; ++i) {
    const std::size_t room = kMostShown - shown.size();
    shown += '\'';
    shown += args[i].substr(0, room);
    shown += "' ";
  }
  return text + shown;
}

std::string unknown_subcommand(const BoundCommand& container, resp::Args args) {
  std::string name = container.name;
  for (char& c : name) c = base::upper(c);
  return "ERR unknown subcommand '" + std::string(args[1].substr(0, kMostShown)) + "'. Try " +
         name + " HELP.";
}

std::string not_for_subscribers(const BoundCommand& command) {
  return "ERR Can't execute '" + command.full_name() +
         "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
         "context";
}

// What cannot be queued spoils the transaction. An EXEC that is refused ends it, if there is one,
// and says why without the plainest of codes.
void refuse(Session& session, const BoundCommand* command, std::string_view error) {
  Transaction* transaction = Transaction::of(session);
  if (command == nullptr || !command->row->has(kRunsQueue)) {
    if (transaction != nullptr) transaction->abort();
    return session.reply.error(error);
  }
  static constexpr std::string_view kPlain = "ERR ";
  if (error.starts_with(kPlain)) error.remove_prefix(kPlain.size());
  session.reply.error("EXECABORT Transaction discarded because of: " + std::string(error));
  if (transaction != nullptr) Transaction::end(session);
}

}  // namespace

Executor::Executor(const Parts& parts) : parts_(parts) {
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
  std::array<Planned, resp::Batch::kMostRequests> planned;
  parts_.observer.expect(plan(session, requests, planned.data()));
  session.last_active_ms = parts_.clock.steady_ms();
  cycles_ = base::cycles();
  Timing timing = Timing::now;
  std::size_t ran = 0;
  for (; ran < requests.size(); ++ran) {
    unsent_ = session.reply.buffer().size();
    if (session.closing != Closing::no || session.is_blocked() || unsent_ > most_unsent) break;
    timing = goes_with_next(requests, planned.data(), ran) ? Timing::with_next : Timing::now;
    dispatch(session, requests[ran].args, planned[ran], timing);
  }
  if (timing == Timing::with_next) {
    charge(session, requests[ran - 1].args, *planned[ran - 1].command);
  }
  return ran;
}

// Small fast commands of one kind in a row are timed together: reading the counter costs a fifth
// of what they do.
bool Executor::goes_with_next(std::span<const resp::Request> requests, const Planned* planned,
                              std::size_t at) const {
  if (at + 1 >= requests.size() || planned[at].command != planned[at + 1].command) return false;
  const BoundCommand* command = planned[at].command;
  return command != nullptr && command->small_words == requests[at].args.size() &&
         command->small_words == requests[at + 1].args.size() && !parts_.observer.times_each();
}

// To the command, with those of its kind that ran since the last time was taken. While its session
// waits the time is kept for the answer.
[[gnu::always_inline]] inline void Executor::charge(Session& session, resp::Args args,
                                                    BoundCommand& command, Turn /*turn*/) {
  const std::uint64_t now = base::cycles();
  std::uint64_t took = now - cycles_;
  cycles_ = now;
  CommandStats& stats = command.stats;
  stats.cycles += took;
  const std::uint64_t calls = stats.calls - stats.timed;
  if (__builtin_expect(calls == 0, 0)) return;
  stats.timed = stats.calls;
  parts_.observer.time(stats.latency, took, calls);
  if (__builtin_expect(took >= parts_.observer.slow_cycles(), 0)) {
    parts_.observer.slow({session, command, args}, took, calls);
  }
}

void Executor::note_sizes(Session& session, resp::Args args, const BoundCommand& command) {
  parts_.observer.sizes({session, command, args}, session.reply.buffer().size() - unsent_);
}

std::uint64_t Executor::plan(const Session& session, std::span<const resp::Request> requests,
                             Planned* planned) {
  const keyspace::Database& db = parts_.keyspace.db(static_cast<std::size_t>(session.db));
  const bool fetches = requests.size() > 1 && db.size() > kKeysInCache;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const resp::Args args = requests[i].args;
    bytes += requests[i].bytes;
    BoundCommand* command = parts_.commands.resolve(args);
    planned[i] = {command, 0};
    if (command == nullptr || command->first_key == 0) continue;
    const auto first_key = static_cast<std::size_t>(command->first_key);
    if (first_key >= args.size()) continue;
    planned[i].hash = base::hash_bytes(args[first_key]);
    if (fetches) db.prefetch(planned[i].hash);
  }
  if (!fetches) return bytes;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (planned[i].hash != 0) db.prefetch_entry(planned[i].hash);
  }
  return bytes;
}

void Executor::reject(Session& session, BoundCommand* command, std::string_view error) {
  session.reply.start_command();
  refuse(session, command, error);
  if (command != nullptr) ++command->stats.rejected;
  ++parts_.metrics.error_replies;
  parts_.metrics.errors.count(session.reply.error_code());
}

// A browser that was made to talk to us sends its request line and its headers as commands.
void Executor::reject_unknown(Session& session, resp::Args args) {
  const bool is_http =
      base::equals_ignoring_case(args[0], "post") || base::equals_ignoring_case(args[0], "host:");
  if (!is_http) return reject(session, nullptr, unknown_command(args));
  if (parts_.guard != nullptr) parts_.guard->report_attack(session);
  session.close(Closing::now);
}

// Whether the command goes on past these closed gates: only the guard opens one.
bool Executor::pass(Session& session, resp::Args args, BoundCommand& command,
                    std::uint32_t closed) {
  constexpr std::uint32_t kPermission = bit(Gate::permission);
  const std::uint32_t before = closed & (kPermission - 1);
  if (before != 0) return reject(session, &command, GateBoard::error(before)), false;
  if ((closed & kPermission) != 0) {
    const bool queues = (session.closed_gates & bit(Gate::queueing)) != 0;
    const Denied denied = parts_.guard->check(session, command, args,
                                              queues ? Occasion::transaction : Occasion::top_level);
    if (denied != Denied::nothing) {
      return reject(session, &command, refusal(denied, session, command)), false;
    }
  }
  const std::uint32_t behind = closed & ~(kPermission | (kPermission - 1));
  if (behind != 0) return reject(session, &command, GateBoard::error(behind)), false;
  return true;
}

Executor::Admission Executor::admit(Session& session, resp::Args args, BoundCommand* command) {
  if (__builtin_expect(command == nullptr, 0)) {
    return reject_unknown(session, args), Admission::refused;
  }
  if (__builtin_expect(
          command->is_container() && args.size() > 1 && !command->row->has(kTakesTheRest), 0)) {
    return reject(session, nullptr, unknown_subcommand(*command, args)), Admission::refused;
  }
  if (__builtin_expect(!command->row->arity.admits(args.size()), 0)) {
    return reject(session, command,
                  "ERR wrong number of arguments for '" + command->full_name() + "' command"),
           Admission::refused;
  }
  const std::uint32_t refused = command->refusals & (parts_.gates.closed() | session.closed_gates);
  if (__builtin_expect(refused != 0, 0)) return admit_at_gates(session, args, *command, refused);
  if (command->row->has(kGrows) && __builtin_expect(parts_.evictor.over_limit(), 0)) {
    return admit_growing(session, *command, Admission::runs);
  }
  return Admission::runs;
}

// The gates of subscribers and of transactions do not always refuse.
Executor::Admission Executor::admit_at_gates(Session& session, resp::Args args,
                                             BoundCommand& command, std::uint32_t refused) {
  constexpr std::uint32_t kSubscribed = bit(Gate::subscribed);
  constexpr std::uint32_t kQueueing = bit(Gate::queueing);
  if (session.reply.resp3()) refused &= ~kSubscribed;
  const std::uint32_t hard = refused & ~(kSubscribed | kQueueing);
  if (hard != 0 && !pass(session, args, command, hard)) return Admission::refused;
  const Transaction* transaction = Transaction::of(session);
  const bool runs_queue = command.row->has(kRunsQueue) && transaction != nullptr;
  const bool queues = (refused & kQueueing) != 0 && !runs_queue;
  // What is queued costs memory, whatever it is.
  const bool grows = queues || command.row->has(kGrows) || (runs_queue && transaction->grows());
  const Admission wanted = queues ? Admission::queued : Admission::runs;
  if (grows && parts_.evictor.over_limit() &&
      admit_growing(session, command, wanted) == Admission::refused) {
    return Admission::refused;
  }
  if ((refused & kSubscribed) != 0) {
    return reject(session, &command, not_for_subscribers(command)), Admission::refused;
  }
  return wanted;
}

Executor::Admission Executor::admit_growing(Session& session, BoundCommand& command,
                                            Admission otherwise) {
  if (make_room(parts_.evictor.budget()) != eviction::Room::none) return otherwise;
  return reject(session, &command, errors::kOutOfMemory), Admission::refused;
}

eviction::Room Executor::make_room(base::Budget budget) {
  return parts_.observer.latency.watch(LatencyEvent::eviction_cycle,
                                       [this, budget] { return parts_.evictor.make_room(budget); });
}

void Executor::dispatch(Session& session, resp::Args args, const Planned& planned, Timing timing) {
  const Admission admission = admit(session, args, planned.command);
  if (__builtin_expect(admission == Admission::runs, 1)) {
    invoke(session, args, planned, timing);
  } else {
    if (admission == Admission::queued) queue(session, *planned.command, args, planned.hash);
    if (session.reply_mode != ReplyMode::on) session.advance_reply_mode();
    if (timing == Timing::now) cycles_ = base::cycles();
  }
  if (__builtin_expect(parts_.waiters.has_ready() && !postponed_, 0)) {
    if (timing == Timing::with_next) charge(session, args, *planned.command);
    serve_ready();
  }
}

void Executor::serve_ready() {
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
  BoundCommand& command = *parked.bound;
  const auto key = static_cast<std::size_t>(command.first_key);
  const bool has_key = key != 0 && key < parked.words.size();
  const Planned planned{&command, has_key ? base::hash_bytes(parked.words[key]) : 0};
  parts_.observer.expect_more(parked.bytes);
  unsent_ = parked.session->reply.buffer().size();
  if (admit(*parked.session, parked.words, &command) == Admission::runs) {
    invoke(*parked.session, parked.words, planned, Timing::now, Turn::again);
  }
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
      turn == Turn::again};
  command.row->handler(call, command.tools);

  // Who waits has not been answered: the command counts when it is.
  const bool answered = !session.is_blocked();
  if (__builtin_expect(answered, 1)) count(session, command);
  if (timing == Timing::now) charge(session, args, command, turn);
  if (__builtin_expect(answered, 1)) {
    if (__builtin_expect(
            session.reply.buffer().held_bytes() >= parts_.observer.watched_reply_bytes(), 0)) {
      note_sizes(session, args, command);
    }
    if (__builtin_expect(session.reply_mode != ReplyMode::on, 0) && turn != Turn::queued) {
      session.advance_reply_mode();
    }
  }
  if (__builtin_expect(!command_sinks_.empty(), 0) && turn != Turn::again) {
    tell_of_command(session, command, args);
  }
  settle(db, args);
}

void Executor::count(Session& session, BoundCommand& command) {
  ++command.stats.calls;
  ++parts_.metrics.commands_processed;
  if (__builtin_expect(session.reply.errors() != errors_seen_, 0)) {
    ++command.stats.failed;
    parts_.metrics.error_replies += session.reply.errors() - errors_seen_;
    parts_.metrics.errors.count(session.reply.error_code());
    errors_seen_ = session.reply.errors();
  }
}

void Executor::pass_on(int db, resp::Args args) {
  bool changed = false;
  for (const keyspace::Change& change : parts_.keyspace.log().entries()) {
    if (change.cause == keyspace::Cause::miss) continue;
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
  for (ChangeSink* sink : sinks_) sink->read(log.entries());
  log.clear();
}

bool Executor::end_turn() {
  bool left = false;
  if (parts_.evictor.over_limit()) {
    left = make_room(base::Budget(parts_.clock, kEvictUs)) == eviction::Room::working;
  }
  LatencyMonitor& latency = parts_.observer.latency;
  latency.watch(LatencyEvent::expire_cycle, [this] { return parts_.sweeper.run_fast(); });
  keyspace::Graveyard& graveyard = parts_.keyspace.graveyard();
  if (!graveyard.empty()) {
    left |= !latency.watch(LatencyEvent::free_cycle, [this, &graveyard] {
      return graveyard.drain(base::Budget(parts_.clock, kFreeUs));
    });
  }
  settle(0, {});
  return serve_late() || left;
}

// True when someone got an answer now, or shall in the next turn.
bool Executor::serve_late() {
  bool served = parts_.waiters.expire() > 0;
  if (parts_.waiters.has_ready()) {
    serve_ready();
    served = true;
  } else {
    // Whom there was to serve may have gone.
    postponed_ = false;
  }
  return served;
}

}  // namespace larder::engine
