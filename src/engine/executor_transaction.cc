// Queueing and running the commands between MULTI and EXEC.

#include <utility>

#include "larder/engine/call.h"
#include "larder/engine/executor.h"

namespace larder::engine {
namespace {

// While a queue runs, its session cannot block; afterwards its last command is EXEC again.
class DuringQueue {
 public:
  explicit DuringQueue(Session& session)
      : session_(session),
        may_block_(std::exchange(session.may_block, false)),
        last_command_(session.last_command) {}
  ~DuringQueue() {
    session_.may_block = may_block_;
    session_.last_command = last_command_;
  }
  DuringQueue(const DuringQueue&) = delete;
  DuringQueue& operator=(const DuringQueue&) = delete;

 private:
  Session& session_;
  const bool may_block_;
  const Command* const last_command_;
};

// The keys of this many queued commands are prefetched before the first of them runs.
constexpr std::size_t kFetchedAhead = 64;

template <typename Fetch>
void fetch_some(const QueuedCommand* queued, Fetch fetch) {
  for (std::size_t i = 0; queued != nullptr && i < kFetchedAhead; ++i, queued = queued->next) {
    if (queued->hash != 0) fetch(queued->hash);
  }
}

}  // namespace

void Executor::queue(Session& session, BoundCommand& command, resp::Args args, std::uint64_t hash) {
  session.free_left_before_adding(1);
  Transaction::of(session)->add(command, args, hash);
  session.last_command = command.row;
  session.reply.raw("+QUEUED\r\n");
}

void Executor::run_transaction(Call& call) {
  Session& session = call.session;
  Transaction* const transaction = Transaction::of(session);
  if (transaction == nullptr) return call.reply.error("ERR EXEC without MULTI");
  if (transaction->is_aborted()) {
    call.reply.error("EXECABORT Transaction discarded because of previous errors.");
  } else if (parts_.watches.has_changed(session)) {
    call.reply.null_array();
  } else {
    run_queue(*running_, *transaction);
    if (session.is_held_for_reply()) return;
  }
  parts_.watches.unwatch(session);
  Transaction::end(session);
}

void Executor::run_queue(Execution& exec, Transaction& transaction) {
  Session& session = exec.session;
  const HeldPushes pushes(session);
  if (exceeds_cache(session.db)) {
    const keyspace::Database& db = parts_.keyspace.db(static_cast<std::size_t>(session.db));
    fetch_some(transaction.first(), [&db](std::uint64_t hash) { db.prefetch(hash); });
    fetch_some(transaction.first(), [&db](std::uint64_t hash) { db.prefetch_entry(hash); });
  }
  session.reply.array(transaction.size());
  parts_.observer.expect_more(transaction.bytes());
  const DuringQueue during(session);
  const Propagation::Group group(parts_.effects);
  Execution queue{.session = session,
                  .turn = Turn::queued,
                  .cycles = exec.cycles,
                  .effects = parts_.effects.begin_command()};
  const Running running(*this, queue);
  std::size_t ran = 0;
  for (const QueuedCommand* queued = transaction.first(); queued != nullptr;
       queued = queued->next, ++ran) {
    queue.is_shown = ran < transaction.ran();
    if (may_still_run(session, *queued->command, queued->words) &&
        !run_queued(exec, queue, *queued)) {
      put_off_transaction(exec, transaction);
      transaction.note_ran(ran);
      break;
    }
    if (session.reply_mode == ReplyMode::off) session.reply.mute(true);
  }
  // The errors of the commands do not count as errors of EXEC; the time of EXEC is that of all of
  // them.
  exec.errors = session.reply.errors();
  session.reply.start_command();
}

// The user's rules may have changed since the command was queued.
bool Executor::may_still_run(Session& session, BoundCommand& command, resp::Args args) {
  const std::uint32_t closed = closed_for(session);
  if ((command.refusals & closed & bit(Gate::permission)) == 0) return true;
  const Denied denied = parts_.guard->check(session, command, args, CommandContext::transaction);
  if (denied == Denied::nothing) return true;
  constexpr std::string_view kChanged =
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
      "call. This command is no longer allowed for the following reason: ";
  session.reply.start_command();
  reject(session, &command, std::string(kChanged) + std::string(since_queued(denied)));
  return false;
}

void Executor::notify_command_sinks(const Execution& execution, const BoundCommand& command,
                                    resp::Args args) {
  Session& session = execution.session;
  if (execution.turn == Turn::within) return notify_of_nested(execution, command, args);
  const bool shown = execution.turn != Turn::again && !execution.is_shown &&
                     !command.row->has(kAdmin) && !command.row->has(kSkipMonitor);
  for (CommandSink* sink : command_sinks_) {
    if (shown) sink->ran(session, command, args);
    sink->over(session, &command, args);
  }
}

void Executor::notify_of_nested(const Execution& execution, const BoundCommand& command,
                                resp::Args args) {
  const bool shown = !command.row->has(kAdmin) && !command.row->has(kSkipMonitor);
  for (CommandSink* sink : command_sinks_) {
    if (shown) sink->ran(execution.session, command, args);
    sink->over_within(execution.outer->session, command, args);
  }
}

void Executor::notify_refusal(Session& session) {
  for (CommandSink* sink : command_sinks_) sink->over(session, nullptr, {});
}

}  // namespace larder::engine
