#pragma once

// CLIENT PAUSE: for a time, commands that may change data, or all commands except CLIENT, are
// delayed instead of refused. The gates stop them (Gate::paused_writes, Gate::paused_all); the
// connection keeps the input, and continues when the pause ends. During a pause no key is expired
// or evicted.

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

  // From the next command on, until the steady clock shows `end_ms`. If there is a pause already,
  // the later end and the stricter kind apply.
  void begin(Extent extent, std::int64_t end_ms);
  // Ends the pause: the first held sessions continue.
  void end();
  // The most time of one resume_some(), which resumes a fixed number of sessions.
  static constexpr std::int64_t kResumeUs = 100;
  // After a pause: the next held sessions continue. True if more are held.
  bool resume_some();
  // Ends the pause if its time is over.
  void expire();

  bool is_on() const { return on_; }
  // When it ends, on the steady clock; 0 while there is none.
  std::int64_t deadline_us() const;
  // Number of held sessions.
  std::size_t held() const { return parts_.held.size(); }

 private:
  Parts parts_;
  bool on_ = false;
  std::int64_t end_ms_ = 0;
};

}  // namespace larder::engine
