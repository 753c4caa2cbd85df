#pragma once

// CLIENT PAUSE: for a time, commands that may change data, or all commands except CLIENT, are
// delayed instead of refused. The gates stop them (Gate::paused_writes, Gate::paused_all); the
// connection keeps the input, and continues when the pause ends. During a pause no key is expired
// or evicted.

#include <cstddef>
#include <cstdint>

#include "larder/base/clock.h"
#include "larder/engine/gates.h"
#include "larder/engine/session.h"
#include "larder/keyspace/keyspace.h"

namespace larder::engine {

class Pause {
 public:
  struct Parts {
    const base::Clock& clock;
    GateBoard& gates;
    keyspace::Keyspace& keyspace;
    const Sessions& sessions;
  };
  explicit Pause(const Parts& parts) : parts_(parts) {}

  enum class Extent : std::uint8_t { writes, all };

  // From the next command on, until the steady clock shows `end_ms`. If there is a pause already,
  // the later end and the stricter kind apply.
  void begin(Extent extent, std::int64_t end_ms);
  // Ends the pause: all held sessions continue. Cost: one check for each session.
  void end();
  // Ends the pause if its time is over.
  void expire();

  bool is_on() const { return on_; }
  // When it ends, on the steady clock; 0 while there is none.
  std::int64_t deadline_us() const;
  // Number of held sessions. Cost: one check for each session, while there is a pause.
  std::size_t held() const;

 private:
  Parts parts_;
  bool on_ = false;
  std::int64_t end_ms_ = 0;
};

}  // namespace larder::engine
