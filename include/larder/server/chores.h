#pragma once

// All work that the server does without a command, in one list: what is done, when, and how long
// one run of it may take.

#include <cstdint>
#include <span>
#include <string_view>

namespace larder::net {
class Connections;
}
namespace larder::process {
class Watchdog;
}

namespace larder::server {

class Core;
class LoopMetrics;

// When a chore runs. The event loop has a timer for each of the first three.
enum class Period : std::uint8_t {
  beat,      // hz times a second
  sweep,     // when the sweeper may work again: once a millisecond at most
  deadline,  // at the timeout of a blocked command, or at the end of a pause
  turn,      // at the end of each turn of the event loop, after the replies were sent
};  // The parts of the server that chores need. A core without a network and a process around it
    // has only itself.
struct ChoreParts {
  Core& core;
  net::Connections* connections = nullptr;
  LoopMetrics* loop = nullptr;
  process::Watchdog* watchdog = nullptr;
};

struct Chore {
  // What bounds the time of a run. budget: the chore gets the time as its budget. own: its part of
  // the
  // server keeps the bound that is stated here. commands: it works for this time, and in addition
  // for as long as the commands of the turn require.
  enum class Bound : std::uint8_t { budget, own, commands };

  std::string_view name;
  Period period;
  std::int64_t most_us;  // of one run
  Bound bound;
  // False if the chore has nothing to work on here, for example no network.
  bool (*exists)(const ChoreParts& parts);
  // True when work is left for the next turn.
  bool (*run)(const ChoreParts& parts, std::int64_t budget_us);
};

std::span<const Chore> chores();

// Runs all chores of this period in the order of the list; true when work is left.
bool run_chores(Period period, const ChoreParts& parts);

}  // namespace larder::server
