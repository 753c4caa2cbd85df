#pragma once

// CLIENT PAUSE, and the waits of FAILOVER and SHUTDOWN for replicas: for a time, commands that may
// change data, or all commands except CLIENT, are delayed instead of refused. The gates stop them
// (Gate::paused_writes, Gate::paused_all); the connection keeps the input, and continues when the
// pause ends. During a pause no key is expired or evicted.

#include <array>
#include <cstddef>
#include <cstdint>

#include "larder/base/clock.h"
#include "larder/engine/gates.h"
#include "larder/engine/held_sessions.h"
#include "larder/keyspace/keyspace.h"

namespace larder::engine {

class Pause {
 public:
  struct Parts {
    const base::Clock& clock;
    GateBoard& gates;
    keyspace::Keyspace& keyspace;
    HeldSessions& held;
  };
  explicit Pause(const Parts& parts) : parts_(parts) {}

  enum class Extent : std::uint8_t { writes, all };
  // Each has a pause of its own, which only it ends. The strictest one applies.
  enum class Purpose : std::uint8_t { client, shutdown, failover };
  static constexpr std::size_t kPurposes = 3;

  // From the next command on, until the steady clock shows `end_ms`. If there is a pause for this
  // purpose already, the later end and the stricter kind apply.
  void begin(Purpose purpose, Extent extent, std::int64_t end_ms);
  // Ends the pause for this purpose: the first held sessions try again.
  void end(Purpose purpose);
  // The most time of one resume_some(), which resumes a fixed number of sessions.
  static constexpr std::int64_t kResumeUs = 100;
  // After a pause: the next held sessions try again. True if there are more.
  bool resume_some();
  // Ends the pauses whose time is over.
  void expire();

  bool is_on() const;
  // When the next one ends, on the steady clock; 0 while there is none.
  std::int64_t deadline_us() const;
  // Number of held sessions.
  std::size_t held() const { return parts_.held.size(); }

 private:
  struct One {
    bool is_on = false;
    Extent extent = Extent::writes;
    std::int64_t end_ms = 0;
  };
  void apply();

  Parts parts_;
  std::array<One, kPurposes> pauses_;
  std::size_t to_resume_ = 0;  // of the held sessions
};

}  // namespace larder::engine
