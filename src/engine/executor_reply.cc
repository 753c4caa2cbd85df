// Commands whose reply gets no room: they run again later, end with an error, or their session
// ends.

#include <algorithm>
#include <string>

#include "larder/engine/executor.h"
#include "larder/engine/keys.h"

namespace larder::engine {
namespace {

bool has_effects(const Command& row) {
  return !row.only_shows && row.has(kWrites | kPubSub | kNoScript | kMayReplicate | kRunsQueue);
}

// Of a buffer that has not exceeded its own bound.
resp::Refusal refusal_of(const resp::ReplyBuffer& output) {
  return output.was_refused_by_system() ? resp::Refusal::system : resp::Refusal::pool;
}

// How often a command of a transaction runs again with more room: more than enough for sizes that
// double.
constexpr int kMostTries = 40;

// Between two commands, when none holds references to removed values.
void free_removed(keyspace::Graveyard& graveyard, const base::Clock& clock) {
  while (!graveyard.empty() && keyspace::Graveyard::bytes() > keyspace::Graveyard::kMostWaiting) {
    graveyard.drain_a_little(clock);
  }
}

}  // namespace

bool Executor::may_stop() const {
  const Session& session = running_->session;
  if (session.reply_order != ReplyOrder::any) return true;
  // A command that waited for keys is not in the input any more, and cannot run again.
  return running_->turn != Turn::again && !has_effects(*session.last_command);
}

// Checks a session with a large request, or with more than a chunk of output. True if its command
// must run again, as if it had not run.
bool Executor::check_reply_size(Execution& execution, resp::Args args,
                                const BoundCommand& command) {
  Session& session = execution.session;
  if (session.reply.buffer().is_dropping()) {
    const bool runs_again = stop_without_room(execution, args, command);
    // Otherwise run_queued() needs it.
    if (execution.turn != Turn::queued) session.stopped = ReplyOrder::any;
    return runs_again;
  }
  if (!session.is_parked()) note_sizes(execution, args, command);
  return false;
}

// A reply is lost only if it exceeds the own limit of the client, or if the command had effects
// already.
bool Executor::stop_without_room(Execution& execution, resp::Args args,
                                 const BoundCommand& command) {
  Session& session = execution.session;
  resp::ReplyBuffer& output = session.reply.buffer();
  const bool had_effects = session.stopped == ReplyOrder::any && has_effects(*command.row);
  const resp::Refusal refusal = refusal_of(output);
  const bool ends = session.closing == Closing::now;
  if (ends || output.passed_own_bound() || had_effects) return session.drop(), false;
  if (execution.turn == Turn::queued) return execution.put_off = true;
  const std::uint64_t wanted = output.wanted_behind(execution.unsent);
  const bool waits = execution.turn == Turn::first && refusal == resp::Refusal::pool;
  if (!waits && refusal == resp::Refusal::pool) return session.drop(), false;
  output.keep_first(execution.unsent);
  if (!waits) return reply_without_room(session, wanted, refusal), false;
  Entries read;
  find_evictable(session, args, *command.row, read);
  put_off_for_reply(session, wanted, read);
  if (!session.is_held_for_reply()) return false;
  notify_refusal(session);
  return execution.put_off = true;
}

// The values that a command reads must stay while the reply is written: no key is evicted for a
// reply that does not fit beside them.
void Executor::put_off_for_reply(Session& session, std::uint64_t wanted, Entries& read) {
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  std::uint64_t kept = 0;
  for (const keyspace::Entry* entry : read) kept += entry->footprint();
  if (session.may_ever_reply(wanted, kept)) session.put_off(wanted);
}

void Executor::reply_without_room(Session& session, std::uint64_t wanted, resp::Refusal refusal) {
  const std::string reply = "a reply of about " + std::to_string(wanted) + " bytes";
  session.reply.error("OOM", refusal == resp::Refusal::system
                                 ? "the system has no memory for " + reply
                                 : "there is no room for " + reply + " below maxmemory now");
  if (session.reply.buffer().is_dropping()) session.drop();
}

// The values of its keys that could be evicted.
void Executor::find_evictable(const Session& session, resp::Args args, const Command& row,
                              Entries& found) const {
  const auto keys = find_keys(row, args);
  if (!keys) return;
  const keyspace::EntryTable& entries =
      parts_.keyspace.db(static_cast<std::size_t>(session.db)).entries();
  for (const FoundKey& each : *keys) {
    const auto key = keyspace::Key::of(args[each.position]);
    const keyspace::Entry* entry = entries.find(key.name, key.hash);
    if (entry != nullptr && parts_.evictor.may_evict(*entry)) found.push_back(entry);
  }
}

// A command of a transaction. False if it got no room and the transaction has had no effects: EXEC
// then runs again.
bool Executor::run_queued(Execution& exec, Execution& queue, const QueuedCommand& queued) {
  Session& session = queue.session;
  queue.unsent = session.reply.buffer().size();
  queue.put_off = false;
  invoke(queue, queued.words, {queued.command, queued.hash, false}, Timing::now);
  if (__builtin_expect(queue.put_off, 0)) {
    const bool is_first = exec.turn == Turn::first && !exec.had_effects;
    if (is_first && refusal_of(session.reply.buffer()) != resp::Refusal::system) return false;
    run_with_room(queue, queued);
  }
  session.stopped = ReplyOrder::any;
  const Command& row = *queued.command->row;
  exec.had_effects |= !(row.has(kReads) || row.only_shows) || has_effects(row);
  return true;
}

// The transaction cannot wait: room is made now, which evicts keys between its commands, or the
// command gets an error and has no effects.
void Executor::run_with_room(Execution& queue, const QueuedCommand& queued) {
  Session& session = queue.session;
  resp::ReplyBuffer& output = session.reply.buffer();
  std::uint64_t wanted = 0;
  for (int tries = 0; queue.put_off; ++tries) {
    const resp::Refusal refusal = refusal_of(output);
    wanted = std::max(2 * wanted, output.wanted_behind(queue.unsent));
    output.keep_first(queue.unsent);
    free_removed(parts_.keyspace.graveyard(), parts_.clock);
    if (tries == kMostTries || refusal == resp::Refusal::system ||
        !session.make_room_to_reply(wanted)) {
      reply_without_room(session, wanted, refusal);
      ++queued.command->stats.calls;
      ++parts_.metrics.commands_processed;
      return count_errors(queue, *queued.command);
    }
    queue.put_off = false;
    session.stopped = ReplyOrder::any;
    output.pool().promise(output, wanted);
    invoke(queue, queued.words, {queued.command, queued.hash, false}, Timing::now);
    output.pool().promise(output, 0);
  }
}

// Its commands have had no effects: EXEC runs again as a command that reads.
void Executor::put_off_transaction(Execution& exec, const Transaction& transaction) {
  Session& session = exec.session;
  resp::ReplyBuffer& output = session.reply.buffer();
  const std::uint64_t wanted = output.wanted_behind(exec.unsent);
  output.keep_first(exec.unsent);
  Entries read;
  for (const QueuedCommand* queued = transaction.first(); queued != nullptr;
       queued = queued->next) {
    find_evictable(session, queued->words, *queued->command->row, read);
  }
  put_off_for_reply(session, wanted, read);
  session.stopped = ReplyOrder::any;
}

}  // namespace larder::engine
