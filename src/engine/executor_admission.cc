// Whether a command may run: the checks ahead of it, and the errors of those that may not.

#include <string>

#include "larder/base/text.h"
#include "larder/engine/errors.h"
#include "larder/engine/executor.h"

namespace larder::engine {
namespace {

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

Executor::Admission Executor::look_closer(Session& session, resp::Args args,
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
  const std::uint32_t refused = command->refusals & (parts_.gates.closed() | session.closed_gates);
  if (refused != 0) return admit_at_gates(session, args, *command, refused);
  if (command->row->has(kGrows) && parts_.evictor.over_limit()) {
    return admit_growing(session, *command, Admission::runs);
  }
  return Admission::runs;
}

// The gates of subscribers, of transactions and of pauses do not always refuse.
Executor::Admission Executor::admit_at_gates(Session& session, resp::Args args,
                                             BoundCommand& command, std::uint32_t refused) {
  constexpr std::uint32_t kSubscribed = bit(Gate::subscribed);
  constexpr std::uint32_t kQueueing = bit(Gate::queueing);
  if (session.reply.resp3()) refused &= ~kSubscribed;
  const std::uint32_t hard = refused & ~(kSubscribed | kQueueing | kPauseGates);
  if (hard != 0 && !pass(session, args, command, hard)) return Admission::refused;
  const Transaction* transaction = Transaction::of(session);
  const bool runs_queue = command.row->has(kRunsQueue) && transaction != nullptr;
  const bool queues = (refused & kQueueing) != 0 && !runs_queue;
  // What is queued costs memory, whatever it is.
  const bool grows = queues || command.row->has(kGrows) || (runs_queue && transaction->grows());
  const Admission wanted = queues ? Admission::queued : Admission::runs;
  const bool writes = !command.row->has(kRunsQueue) || (runs_queue && transaction->replicates());
  const bool pauses = (refused & bit(Gate::paused_all)) != 0 ||
                      ((refused & bit(Gate::paused_writes)) != 0 && writes);
  if (grows && parts_.evictor.over_limit() &&
      admit_growing(session, command, wanted) == Admission::refused) {
    return Admission::refused;
  }
  if ((refused & kSubscribed) != 0) {
    return reject(session, &command, not_for_subscribers(command)), Admission::refused;
  }
  return pauses ? Admission::held : wanted;
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

}  // namespace larder::engine
