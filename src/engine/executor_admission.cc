// Whether a command may run: the checks before it, and the errors of commands that are refused.

#include <string>

#include "larder/base/text.h"
#include "larder/engine/errors.h"
#include "larder/engine/executor.h"
#include "larder/engine/held_keys.h"
#include "larder/engine/keys.h"
#include "larder/memory/heap.h"

namespace larder::engine {
namespace {

// The length at which Redis truncates the words of an unknown command in its error.
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

// The growth to expect of a command: its words twice, because a value is stored with slack and in
// nodes; for EXEC the words that were queued.
std::uint64_t expected_growth(const Session& session, const BoundCommand& command,
                              resp::Args args) {
  constexpr std::uint64_t kForWord = 64;
  std::uint64_t bytes = 0;
  for (const std::string_view word : args) bytes += 2 * word.size() + kForWord;
  const Transaction* transaction = Transaction::of(session);
  if (command.row->has(kRunsQueue) && transaction != nullptr) bytes += 2 * transaction->bytes();
  return bytes;
}

// At the limit without victims.
bool is_refused_without_room(const Session& session, const BoundCommand& command, resp::Args args) {
  constexpr std::size_t kSmall = 64 << 10;
  if (command.row->has(kGrows)) return true;
  if (command.row->has(kRunsQueue)) return Transaction::of(session)->grows();
  std::size_t bytes = 0;
  for (const std::string_view word : args) bytes += word.size();
  return bytes > kSmall;
}

// A command that cannot be queued aborts the transaction. If EXEC is refused, the transaction ends,
// if there is one, and the error is given without the code "ERR".
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

void Executor::reject(Session& session, BoundCommand* command, std::string_view error) {
  session.reply.start_command();
  refuse(session, command, error);
  if (command != nullptr) ++command->stats.rejected;
  ++parts_.metrics.error_replies;
  parts_.metrics.errors.count(session.reply.error_code());
  session.note_error(command);
}

// If a web page makes a browser send HTTP requests to this port, their lines arrive as commands.
void Executor::reject_unknown(Session& session, resp::Args args) {
  const bool is_http =
      base::equals_ignoring_case(args[0], "post") || base::equals_ignoring_case(args[0], "host:");
  if (!is_http) return reject(session, nullptr, unknown_command(args));
  if (parts_.guard != nullptr) parts_.guard->report_attack(session);
  session.close(Closing::now);
}

CommandContext Executor::context_of(const Session& session) const {
  if (running_ != nullptr && running_->turn == Turn::within && &running_->session == &session) {
    return CommandContext::script;
  }
  const bool queues = (session.closed_gates & bit(Gate::queueing)) != 0;
  return queues ? CommandContext::transaction : CommandContext::top_level;
}

// Whether the command passes these closed gates: only the guard can allow it.
bool Executor::pass(Session& session, resp::Args args, BoundCommand& command,
                    std::uint32_t closed) {
  constexpr std::uint32_t kPermission = bit(Gate::permission);
  const std::uint32_t before = closed & (kPermission - 1);
  if (before != 0) return reject(session, &command, parts_.gates.error(before)), false;
  if ((closed & kPermission) != 0) {
    const CommandContext occasion = context_of(session);
    // The log of refusals names the client that runs the script.
    const Session& client = occasion == CommandContext::script ? running_->outer->session : session;
    const Denied denied = parts_.guard->check(client, command, args, occasion);
    if (denied != Denied::nothing) {
      return reject(session, &command, refusal(denied, session, command, occasion)), false;
    }
  }
  const std::uint32_t behind = closed & ~(kPermission | (kPermission - 1));
  if (behind != 0) return reject(session, &command, parts_.gates.error(behind)), false;
  return true;
}

// What commands keep of a large request needs as much memory again, and so does the copy of the
// followers. The system is asked before such a command runs or is queued: when it runs, it cannot
// be refused any more. Commands that only remove are not refused.
bool Executor::refuses_large(Session& session, const resp::Request& request,
                             BoundCommand* command) {
  if (request.bytes < kLeastProbed || command == nullptr) return false;
  const bool queues = (session.closed_gates & bit(Gate::queueing)) != 0;
  if (!queues && !command->row->has(kGrows | kMayReplicate)) return false;
  const std::uint64_t copies = !queues && parts_.effects.listened() ? 2 : 1;
  if (!refuses_memory(session, *command, copies * request.bytes)) return false;
  notify_refusal(session);
  if (session.reply_mode != ReplyMode::on) session.advance_reply_mode();
  return true;
}

bool Executor::refuses_memory(Session& session, BoundCommand& command, std::uint64_t bytes) {
  if (memory::can_allocate(bytes)) return false;
  reject(session, &command,
         "OOM the system has no memory for a block of " + std::to_string(bytes) + " bytes");
  return true;
}

Executor::Admission Executor::admit_checked(Session& session, resp::Args args,
                                            BoundCommand* command) {
  if (command == nullptr) return reject_unknown(session, args), Admission::refused;
  if (command->is_container() && args.size() > 1 && !command->row->has(kTakesTheRest)) {
    return reject(session, nullptr, unknown_subcommand(*command, args)), Admission::refused;
  }
  if (!command->row->arity.admits(args.size())) {
    return reject(session, command,
                  "ERR wrong number of arguments for '" + command->full_name() + "' command"),
           Admission::refused;
  }
  const std::uint32_t refused = command->refusals & closed_for(session);
  if (refused != 0) return admit_at_gates(session, args, *command, refused);
  if (command->wants_room && parts_.evictor.needs_room()) {
    return admit_growing(session, args, *command, Admission::runs);
  }
  return Admission::runs;
}

// The gates of subscribers, transactions and pauses do not always refuse.
Executor::Admission Executor::admit_at_gates(Session& session, resp::Args args,
                                             BoundCommand& command, std::uint32_t refused) {
  constexpr std::uint32_t kSubscribed = bit(Gate::subscribed);
  constexpr std::uint32_t kQueueing = bit(Gate::queueing);
  constexpr std::uint32_t kOfWrites =
      bit(Gate::disk_error) | bit(Gate::replicas) | bit(Gate::read_only);
  if (session.reply.resp3()) refused &= ~kSubscribed;
  const Transaction* transaction = Transaction::of(session);
  const bool runs_queue = command.row->has(kRunsQueue) && transaction != nullptr;
  if (command.row->has(kRunsQueue) && !(runs_queue && transaction->writes())) {
    refused &= ~kOfWrites;
  }
  if ((refused & kQueueing) != 0 && command.row->declared_gates != nullptr) {
    refused |= command.row->declared_gates(command.tools, args) & closed_for(session);
  }
  const std::uint32_t hard = refused & ~(kSubscribed | kQueueing | kDelayingGates);
  if (hard != 0 && !pass(session, args, command, hard)) return Admission::refused;
  const bool queues = (refused & kQueueing) != 0 && !runs_queue;
  // The memory of the queue itself is bounded by the client's limits, not by maxmemory: a
  // transaction that reads and deletes may run at the limit.
  const bool wants_room = command.wants_room || (runs_queue && transaction->wants_room());
  if (runs_queue && transaction->grows() && transaction->bytes() >= kLeastProbed &&
      refuses_memory(session, command, transaction->bytes())) {
    return Admission::refused;
  }
  Admission wanted = queues ? Admission::queued : Admission::runs;
  const bool writes = !command.row->has(kRunsQueue) || (runs_queue && transaction->replicates());
  const bool pauses = (refused & bit(Gate::paused_all)) != 0 ||
                      ((refused & bit(Gate::paused_writes)) != 0 && writes);
  if (wants_room && parts_.evictor.needs_room()) {
    wanted = admit_growing(session, args, command, wanted);
    if (wanted == Admission::refused) return wanted;
  }
  if ((refused & kSubscribed) != 0) {
    return reject(session, &command, not_for_subscribers(command)), Admission::refused;
  }
  if (pauses) return Admission::held;
  constexpr std::uint32_t kUntilRoom = bit(Gate::freeing) | bit(Gate::journal);
  const bool must_wait = (refused & kUntilRoom) != 0 && writes && !queues;
  if (must_wait) return Admission::waits_for_memory;
  const bool is_held = (refused & bit(Gate::snapshot)) != 0 && writes && !queues &&
                       wanted == Admission::runs && is_held_for_snapshot(session, command, args);
  if (is_held) return Admission::waits_for_snapshot;
  const bool waits_for_keys = (refused & bit(Gate::held_keys)) != 0 && writes && !queues &&
                              wanted == Admission::runs && names_held_keys(session, command, args);
  return waits_for_keys ? Admission::waits_for_held_keys : wanted;
}

bool Executor::names_held_keys(const Session& session, const BoundCommand& command,
                               resp::Args args) const {
  const HeldKeys& held = *parts_.gates.held_keys();
  return command.row->has(kRunsQueue) ? held.stops(*Transaction::of(session))
                                      : held.stops(*command.row, args);
}

// For EXEC: because of the commands it would run.
bool Executor::is_held_for_snapshot(const Session& session, const BoundCommand& command,
                                    resp::Args args) {
  WriteHold& hold = *parts_.gates.write_hold();
  const auto holds = [&hold, &session](const Command& row, resp::Args words) {
    bool held = false;
    if (!row.has(kWrites)) return held;
    const auto found = find_key_spans(row, words);
    if (!found) return held;
    for_each_key(*found, [&](std::size_t position, std::uint32_t key_flags) {
      held |= hold.holds(row, key_flags, session.db, words[position]);
      return !held;
    });
    return held;
  };
  if (!command.row->has(kRunsQueue)) return holds(*command.row, args);
  const QueuedCommand* queued = Transaction::of(session)->first();
  for (; queued != nullptr; queued = queued->next) {
    if (holds(*queued->command->row, queued->words)) return true;
  }
  return false;
}

// If there was not enough room within the time of one call, the command still runs if the call
// freed or evicted more than the command is expected to take, so that used_memory does not grow.
// This is the rule while much room is being made for another command, too. A command that is only
// queued takes no memory yet. Near the limit of pages a command waits, queued or not, when those
// before it have used up the time of the turn.
Executor::Admission Executor::admit_growing(Session& session, resp::Args args,
                                            BoundCommand& command, Admission otherwise) {
  const std::uint64_t before = memory::used_bytes();
  const std::uint64_t living_before = parts_.evictor.bytes_without_removed();
  const std::int64_t left_us = turn_time_.is_spent() ? 0 : turn_time_.left_us();
  // A command within another one cannot wait: neither for a later turn nor for a snapshot.
  const bool may_wait = context_of(session) != CommandContext::script;
  if (may_wait && is_page_work_over()) return Admission::waits_for_memory;
  const eviction::Room room =
      make_room(may_wait ? parts_.evictor.budget(left_us) : base::Budget::unlimited());
  if (room == eviction::Room::none) {
    if (session.may_exceed_maxmemory || !is_refused_without_room(session, command, args)) {
      return otherwise;
    }
    return reject(session, &command, errors::kOutOfMemory), Admission::refused;
  }
  const std::uint64_t growth = expected_growth(session, command, args);
  const bool is_paid = memory::used_bytes() + growth <= before ||
                       parts_.evictor.bytes_without_removed() + growth <= living_before;
  if (room == eviction::Room::enough || otherwise == Admission::queued || is_paid) return otherwise;
  return Admission::waits_for_memory;
}

void Executor::put_off(Session& session, const BoundCommand& command, Admission admission) {
  session.last_command = command.row;
  Waiters& waiters = parts_.waiters;
  if (admission == Admission::waits_for_snapshot) return waiters.for_snapshot().add(session);
  if (admission == Admission::waits_for_held_keys) return waiters.for_held_keys().add(session);
  (admission == Admission::held ? waiters.paused() : waiters.waiting_for_memory()).add(session);
}

bool Executor::make_room_within() {
  if (!parts_.evictor.needs_room()) return true;
  const eviction::Room room = make_room(base::Budget::unlimited());
  settle_background();
  return room != eviction::Room::none;
}

eviction::Room Executor::make_room(base::Budget budget) {
  const std::int64_t began_us = parts_.clock.steady_now_us();
  const eviction::Room room = parts_.observer.watch(
      LatencyEvent::eviction_cycle, [this, budget] { return parts_.evictor.make_room(budget); });
  const std::int64_t page_work_us = parts_.evictor.page_work_us();
  page_work_us_ += page_work_us;
  // If there is enough, the command itself took the room that was made in bytes.
  const bool is_own = room != eviction::Room::working && room != eviction::Room::freeing;
  turn_time_.spend(is_own ? page_work_us : parts_.clock.steady_now_us() - began_us);
  return room;
}

// Like other work, moving gets some time in each turn even if the time is spent, so that commands
// proceed.
bool Executor::is_page_work_over() const {
  return turn_time_.is_spent() && page_work_us_ >= base::TurnTime::kLeastUs &&
         parts_.evictor.is_near_page_limit();
}

}  // namespace larder::engine
