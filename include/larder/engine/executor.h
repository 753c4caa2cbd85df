#pragma once

// Runs batches of requests: plans a whole batch (finds the commands, fetches their keys into
// cache), then for each request admits, runs and settles.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/engine/command_table.h"
#include "larder/engine/gates.h"
#include "larder/engine/metrics.h"
#include "larder/engine/propagation.h"
#include "larder/engine/session.h"
#include "larder/eviction/evictor.h"
#include "larder/expiry/sweeper.h"
#include "larder/keyspace/keyspace.h"
#include "larder/resp/request.h"

namespace larder::engine {

// Reads what a command changed, after it ran. Sinks are told in the order in which they were
// added and must not touch the keyspace.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  virtual void read(std::span<const keyspace::Change> changes) = 0;
};

class Executor {
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
  };
  explicit Executor(const Parts& parts) : parts_(parts) {}

  // Runs requests in order and returns how many were run. Stops early when the session is
  // closing or its unsent replies exceed `most_unsent` bytes; the rest must be kept and run later.
  std::size_t run(Session& session, std::span<const resp::Request> requests,
                  std::size_t most_unsent);

  void add(ChangeSink& sink);
  // Tells `sink` every effect from now on: what expiry and eviction removed as DEL, ahead of the
  // command during which it went.
  void follow(EffectSink& sink);

  // Before the loop sleeps: goes on evicting where the limit was lowered, runs the fast
  // expiry cycle, frees the dead; about a millisecond at most for each. True when work is left, so
  // that the loop must not sleep.
  bool end_turn();

 private:
  struct Planned {
    BoundCommand* command;
    std::uint64_t hash;
  };

  // When the time since the last reading of the counter is charged to a command.
  enum class Timing : std::uint8_t { now, with_next };

  void plan(const Session& session, std::span<const resp::Request> requests, Planned* planned);
  void dispatch(Session& session, resp::Args args, const Planned& planned, Timing timing);
  bool admit(Session& session, resp::Args args, BoundCommand* command);
  void invoke(Session& session, resp::Args args, const Planned& planned, Timing timing);
  static bool is_same_fast(const Planned& one, const Planned& next);
  void charge(BoundCommand& command);
  void settle(int db, resp::Args args);
  void pass_on_and_tell(int db, resp::Args args);
  void pass_on(int db, resp::Args args);
  void reject(Session& session, BoundCommand* command, std::string_view error);

  Parts parts_;
  std::vector<ChangeSink*> sinks_;
  std::uint64_t cycles_ = 0;  // when the last command ended
};

}  // namespace larder::engine
