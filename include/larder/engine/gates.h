#pragma once

// Gates refuse commands that carry a trait. All are checked as one mask; only a refused
// command looks at which one it was.

#include <cstdint>
#include <string_view>

namespace larder::engine {

// In the order of the list in gates.cc, which says what each of them refuses. Behind `permission`
// the Guard is asked. `subscribed` and `queueing` are a session's own and refuse nobody by
// themselves: `subscribed` is open to RESP3, and what `queueing` stops is queued. What the last two
// stop, while clients are paused, is held back until the pause ends.
enum class Gate : std::uint8_t {
  debug,
  auth,
  transaction,  // commands that may not stand in one
  permission,
  loading,
  out_of_memory,
  monitoring,  // reads and writes of a session that monitors
  subscribed,
  queueing,
  paused_writes,  // what may change data
  paused_all,     // everything but CLIENT
};

constexpr std::uint32_t bit(Gate gate) { return 1u << static_cast<unsigned>(gate); }
inline constexpr std::uint32_t kPauseGates = bit(Gate::paused_writes) | bit(Gate::paused_all);

// The gates that are closed for everybody. A Session has gates of its own besides, and may pass
// some of these (Session::common_gates).
class GateBoard {
 public:
  std::uint32_t closed() const { return closed_; }
  void close(Gate gate) { closed_ |= bit(gate); }
  void open(Gate gate) { closed_ &= ~bit(gate); }

  // The error of the first closed gate among `refused`, which is neither zero nor permission's;
  // that of `subscribed` names the command and is the executor's.
  static std::string_view error(std::uint32_t refused);

 private:
  std::uint32_t closed_ = 0;
};

// The gates that a command with these flags does not pass when they are closed.
std::uint32_t refusals(std::uint32_t command_flags);

}  // namespace larder::engine
