#pragma once

// Runs batches of requests: plans a whole batch (finds the commands, prefetches their keys), then
// admits, runs and settles each request. A caller with several batches plans the next ones before
// it runs the first, so that their cache misses overlap with other work.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/base/turn_time.h"
#include "larder/engine/access_control.h"
#include "larder/engine/command_table.h"
#include "larder/engine/execution.h"
#include "larder/engine/gates.h"
#include "larder/engine/long_commands.h"
#include "larder/engine/metrics.h"
#include "larder/engine/observer.h"
#include "larder/engine/propagation.h"
#include "larder/engine/session.h"
#include "larder/engine/sinks.h"
#include "larder/engine/transaction.h"
#include "larder/engine/waiters.h"
#include "larder/engine/watch_set.h"
#include "larder/eviction/evictor.h"
#include "larder/expiry/sweeper.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/heap.h"
#include "larder/resp/request.h"

namespace larder::engine {

struct Call;

class Executor final : private expiry::RemovalReader {
 public:
  struct Parts {
    base::Clock& clock;
    CommandTable& commands;
    keyspace::Keyspace& keyspace;
    eviction::Evictor& evictor;
    expiry::Sweeper& sweeper;
    GateBoard& gates;
    Propagation& effects;
    Metrics& metrics;
    Waiters& waiters;
    WatchSet& watches;
    Observer& observer;
    // Called if Gate::permission is closed; without a guard the gate is never closed.
    Guard* guard = nullptr;
    // Gets the requests of clients, if there is one: one test for each batch.
    RequestSampler* sampler = nullptr;
  };
  explicit Executor(const Parts& parts);

 private:
  struct Planned {
    BoundCommand* command;
    std::uint64_t hash;
    // The next request is of the same kind, and both are small.
    bool like_next;
  };

 public:
  // The plan of a batch before it runs. Other batches may run in between.
  class Plan {
   private:
    friend class Executor;
    std::array<Planned, resp::Batch::kMostRequests> requests_;
    std::size_t size_ = 0;
    std::uint64_t bytes_ = 0;  // of the requests
    bool fetches_ = false;
  };
  // Finds the commands of these requests and hashes their keys.
  void plan(const Session& session, std::span<const resp::Request> requests, Plan& plan) const;
  // If the database is larger than the cache, prefetches the keys' buckets, so that fetch_entries()
  // finds them in the cache some time later. Not useful if that follows at once: the processor then
  // overlaps several misses anyway.
  void fetch_buckets(const Session& session, const Plan& plan) const;
  // Reads the buckets and prefetches the entries.
  void fetch_entries(const Session& session, const Plan& plan) const;

  // Runs requests in order and returns how many were run. Stops early if the session is closing,
  // waits for keys, is held back (by a pause, until there is room for its reply, or because a
  // command that grows must wait until removed data is freed or enough keys are evicted), or its
  // unsent replies exceed `most_unsent` bytes; the caller must keep the rest and run it later.
  std::size_t run(Session& session, std::span<const resp::Request> requests, const Plan& plan,
                  std::size_t most_unsent);
  // The same for requests that are not planned yet.
  std::size_t run(Session& session, std::span<const resp::Request> requests,
                  std::size_t most_unsent);

  // Whether it is a command that may change data.
  bool is_write(resp::Args args) const;

  void add(ChangeSink& sink);
  // The same for a sink that registers itself with the log while it listens.
  void attach(ChangeSink& sink) { sinks_.push_back(&sink); }
  // Calls `sink` for every effect from now on: keys removed by expiry and eviction as DEL, before
  // the command during which they were removed.
  void follow(EffectSink& sink);
  void unfollow(EffectSink& sink);
  // Calls `sink` for commands until it is removed. Commands cost nothing extra without one.
  void add(CommandSink& sink) { command_sinks_.push_back(&sink); }
  void remove(CommandSink& sink) { std::erase(command_sinks_, &sink); }

  // The session whose command runs or settles; null if there is none, for example while keys expire
  // by themselves.
  Session* running() const { return running_ == nullptr ? nullptr : &running_->session; }
  // Up to which position of the journal output may be sent (Session::shown_position).
  std::uint64_t released() const { return parts_.effects.released(); }
  // Whether the running command has had no effects, and has none if there is no room for its reply.
  bool may_stop() const;
  // Whether the running command removes what it replies with.
  bool removes_reply() const { return running_->session.reply_order == ReplyOrder::of_removed; }
  // Whether the running command waited for keys, and takes an element that came for it.
  bool is_served() const {
    const ReplyOrder order = running_->session.reply_order;
    return running_->turn == Execution::Turn::again &&
           (order == ReplyOrder::before_effects || order == ReplyOrder::of_removed);
  }
  // The bytes of its reply so far.
  std::uint64_t reply_bytes() const {
    return running_->session.reply.buffer().size() - running_->unsent;
  }

  // The memory that counts against maxmemory, and what can be evicted.
  eviction::Evictor& evictor() const { return parts_.evictor; }

  // The commands that continue in later turns.
  const LongCommands& long_commands() const { return long_commands_; }
  // The requests behind the running command are left to the caller of run(), to run them later.
  void end_batch() { ends_batch_ = true; }

  // EXEC: runs the commands that the session queued, or replies why not, and ends the transaction.
  void run_transaction(Call& call);

  // Runs a command within the running one, as another session (an InternalSession), whose output
  // gets the reply. Listeners read its changes at once; its effects are propagated in the group
  // that the caller has open (Propagation::Group). It cannot block; sessions that it unblocks are
  // served when the outermost command is over.
  void run_nested(Session& session, resp::Args args);
  // The same for a command that the caller has looked up. Followers get its effects, or only those
  // of removals by eviction and expiry.
  enum class Followers : std::uint8_t { get_effects, get_removals };
  void run_nested(Session& session, resp::Args args, BoundCommand& command, Followers followers);
  // For the handler of a command that runs others and is shown by MONITOR ahead of them
  // (kSkipMonitor).
  void announce(const Call& call);
  // For the same: the error that it has replied with was counted for the command within it.
  void forget_error();
  // For the same, between commands: evicts until memory is below the limit. False if no room can be
  // made.
  bool make_room_within();

  // Runs the commands of sessions whose keys have become ready, until no key is ready or half a
  // millisecond has passed; the rest follows at the ends of turns. Called after each command that a
  // client sent: commands within a command (transactions, scripts) run below this level, and the
  // sessions that they unblock are served when the outer command is over.
  void serve_ready();
  // While a script is busy: runs the commands that wait for the journal, if it has synced their
  // effects. They touch no data.
  void serve_reached();

  // Calls the effect sinks to make durable what was propagated. Called before the replies of a turn
  // are sent, and when the turn ends.
  void flush() { parts_.effects.flush(); }

  // Listeners and followers get what background work has removed since the last command; to be
  // called after it, so that it is not taken for a part of the next command.
  void settle_background();

  // The time that background work has in this turn, which ends with end_turn(): work that other
  // rooms do before it is to be charged to it.
  base::TurnTime& turn_time() { return turn_time_; }
  // Charges the turn with the steps of long commands, which run in end_turn(), after other work.
  void reserve_for_long_commands();

  // The most time of one end_turn(): what background work shares, with the least that each kind of
  // it gets, and half a millisecond each for waits that time out and for serving.
  static constexpr std::int64_t kEndTurnUs =
      base::TurnTime::kTurnUs + 3 * base::TurnTime::kLeastUs + 2 * 500;
  // Before the loop sleeps: continues evicting if the limit was lowered, runs the fast expiry
  // cycle, frees removed data, runs steps of long commands, resumes sessions that waited for this
  // or for room, ends waits whose timeout has passed and serves sessions with ready keys; each
  // takes about a millisecond at most. True if work is left, so that the loop must not sleep.
  bool end_turn();

 private:
  // Requests from this size on may need large blocks, which the system can refuse.
  static constexpr std::uint64_t kLeastProbed = 1 << 20;

  // When the time since the last reading of the counter is charged to a command.
  enum class Timing : std::uint8_t { now, with_next };
  using Turn = Execution::Turn;
  enum class Admission : std::uint8_t {
    refused,
    runs,
    queued,
    held,
    waits_for_memory,
    waits_for_snapshot,
    waits_for_held_keys,
  };
  static bool is_put_off(Admission admission) {
    return admission == Admission::held || admission == Admission::waits_for_memory ||
           admission == Admission::waits_for_snapshot ||
           admission == Admission::waits_for_held_keys;
  }

  // Makes this execution the innermost one during its life, and the outer one afterwards.
  class Running {
   public:
    Running(Executor& executor, Execution& execution) : executor_(executor), execution_(execution) {
      execution.outer = executor.running_;
      executor.running_ = &execution;
    }
    ~Running() {
      executor_.running_ = execution_.outer;
      if (execution_.outer != nullptr) executor_.resume(*execution_.outer);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Executor& executor_;
    Execution& execution_;
  };
  // The keyspace works for this execution again.
  void resume(const Execution& execution) { parts_.keyspace.access().touching = execution.touches; }

  // Lookups in the database miss the processor's cache, so that prefetching is useful.
  bool exceeds_cache(int db) const;
  static Planned plan_alone(BoundCommand* command, resp::Args args);
  // False when the command is held back.
  bool dispatch(Execution& execution, resp::Args args, const Planned& planned, Timing timing);
  Admission admit(Session& session, resp::Args args, BoundCommand* command);
  // The slow path of admit(), when a check has failed.
  Admission admit_checked(Session& session, resp::Args args, BoundCommand* command);
  Admission admit_at_gates(Session& session, resp::Args args, BoundCommand& command,
                           std::uint32_t refused);
  Admission admit_growing(Session& session, resp::Args args, BoundCommand& command,
                          Admission otherwise);
  bool refuses_large(Session& session, const resp::Request& request, BoundCommand* command);
  bool refuses_memory(Session& session, BoundCommand& command, std::uint64_t bytes);
  std::uint32_t closed_for(const Session& session) const {
    return (parts_.gates.closed() & session.common_gates) | session.closed_gates;
  }
  bool is_held_for_snapshot(const Session& session, const BoundCommand& command, resp::Args args);
  bool names_held_keys(const Session& session, const BoundCommand& command, resp::Args args) const;
  eviction::Room make_room(base::Budget budget);
  bool is_page_work_over() const;
  void put_off(Session& session, const BoundCommand& command, Admission admission);
  void run_nested(Execution& inner, resp::Args args, const Planned& planned);
  // Commands that grow are refused while the system has no memory.
  void check_system_memory();
  bool make_room_at_turn_end();
  void free_backlog(Execution& execution);
  bool expire_at_turn_end();
  bool free_at_turn_end();
  void read_removals() override { settle_background(); }
  void reject_unknown(Session& session, resp::Args args);
  CommandContext context_of(const Session& session) const;
  bool pass(Session& session, resp::Args args, BoundCommand& command, std::uint32_t closed);
  void queue(Session& session, BoundCommand& command, resp::Args args, std::uint64_t hash);
  void run_queue(Execution& exec, Transaction& transaction);
  bool run_queued(Execution& exec, Execution& queue, const QueuedCommand& queued);
  void run_with_room(Execution& queue, const QueuedCommand& queued);
  void put_off_transaction(Execution& exec, const Transaction& transaction);
  bool may_still_run(Session& session, BoundCommand& command, resp::Args args);
  void notify_command_sinks(const Execution& execution, const BoundCommand& command,
                            resp::Args args);
  void notify_of_nested(const Execution& execution, const BoundCommand& command, resp::Args args);
  void notify_refusal(Session& session);
  void invoke(Execution& execution, resp::Args args, const Planned& planned, Timing timing);
  void count(Execution& execution, BoundCommand& command);
  // Each may be in it several times.
  using Entries =
      std::vector<const keyspace::Entry*,
                  memory::Allocator<const keyspace::Entry*, memory::Owner::client_input>>;
  void find_evictable(const Session& session, resp::Args args, const Command& row,
                      Entries& found) const;
  bool was_put_off(const Session& session) const;
  void put_off_for_reply(Session& session, std::uint64_t wanted, Entries& read);
  void reply_without_room(Session& session, std::uint64_t wanted, resp::Refusal refusal);
  bool stop_without_room(Execution& execution, resp::Args args, const BoundCommand& command);
  bool check_reply_size(Execution& execution, resp::Args args, const BoundCommand& command);
  void run_parked(Execution& execution, const ParkedCommand& parked);
  bool run_long_commands();
  bool serve_at_turn_end();
  void count_errors(Execution& execution, BoundCommand& command);
  void charge(Execution& execution, resp::Args args, BoundCommand& command);
  void keep_cycles(Session& session, std::uint64_t cycles);
  void note_sizes(const Execution& execution, resp::Args args, const BoundCommand& command);
  // Commands that write wait until enough is freed.
  bool is_freeing_first() const { return (parts_.gates.closed() & bit(Gate::freeing)) != 0; }
  // They wait until the journal has room.
  bool is_journal_full() const { return (parts_.gates.closed() & bit(Gate::journal)) != 0; }
  bool is_paused() const { return (parts_.gates.closed() & kPauseGates) != 0; }
  // A script runs, and data must not change.
  bool is_busy() const { return (parts_.gates.closed() & bit(Gate::busy)) != 0; }
  void settle(OwnEffects& own, int db, resp::Args args);
  void settle_changes(OwnEffects& own, int db, resp::Args args);
  void propagate(OwnEffects& own, int db, resp::Args args);
  void propagate_removal(OwnEffects& own, const keyspace::Change& change, bool alone);
  void reject(Session& session, BoundCommand* command, std::string_view error);

  Parts parts_;
  std::vector<ChangeSink*> sinks_;
  std::vector<CommandSink*> command_sinks_;
  Execution* running_ = nullptr;  // the innermost
  LongCommands long_commands_;
  base::TurnTime turn_time_;
  std::int64_t page_work_us_ = 0;  // that commands have worked for the limit of pages in this turn
  bool is_reserved_ = false;       // the time of the steps of long commands, in this turn
  bool ends_batch_ = false;        // after the running command
  bool postponed_ = false;         // sessions with ready keys wait for the end of the turn
};

}  // namespace larder::engine
