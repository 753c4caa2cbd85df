#pragma once

// Gates refuse commands with certain flags. All are checked as one mask; only a refused command
// finds out which gate it was.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "larder/keyspace/entry.h"

namespace larder::engine {

class Peer;
struct Settings;

// In the order of the list in gates.cc, which defines what each of them refuses. If `permission` is
// closed, the Guard is called. `subscribed` and `queueing` belong to a session and do not refuse by
// themselves: `subscribed` is open to RESP3, and the commands that `queueing` stops are queued. The
// commands that the last six stop are delayed: until a snapshot has written a value, until removed
// data is freed, until the journal has room, until the pause of clients ends, or until the keys are
// held no more.
enum class Gate : std::uint8_t {
  debug,
  auth,
  transaction,  // commands that are not allowed in a transaction
  permission,
  loading,
  async_loading,  // some administration, while a replica loads new data beside its old data
  out_of_memory,
  disk_error,  // writes, after data could not be saved; EXEC only with writes in its queue
  replicas,    // the same, while too few replicas are connected and up to date
  read_only,   // the same on a replica, whose data the primary alone changes
  stale,       // most commands on a replica that does not follow its primary, if so configured
  busy,        // all but a few commands, while a script runs for very long
  monitoring,  // reads and writes of a session in MONITOR
  subscribed,
  queueing,
  snapshot,       // commands that would change a value that a snapshot still reads (WriteHold)
  freeing,        // commands that may remove data, while too much waits to be freed
  journal,        // commands that may change data, while the journal has no room for effects
  paused_writes,  // commands that may change data
  paused_all,     // everything but CLIENT
  held_keys,      // commands that may change a key that is held (HeldKeys)
};

constexpr std::uint32_t bit(Gate gate) { return 1u << static_cast<unsigned>(gate); }
inline constexpr std::uint32_t kLoadingGates = bit(Gate::loading) | bit(Gate::async_loading);
inline constexpr std::uint32_t kPauseGates = bit(Gate::paused_writes) | bit(Gate::paused_all);
inline constexpr std::uint32_t kDelayingGates = kPauseGates | bit(Gate::snapshot) |
                                                bit(Gate::freeing) | bit(Gate::journal) |
                                                bit(Gate::held_keys);

struct Command;
class HeldKeys;

// Decides which commands the gate `snapshot` delays.
class WriteHold {
 public:
  // Whether a command that may change the key of this name must wait now. The flags are those of
  // the key (KeyFlag).
  virtual bool holds(const Command& command, std::uint32_t key_flags, int db,
                     std::string_view name) = 0;

 protected:
  ~WriteHold() = default;
};

// The gates that are closed for all clients. A Session also has its own gates, and may pass
// some of these (Session::common_gates).
class GateBoard {
 public:
  std::uint32_t closed() const { return closed_; }
  void close(Gate gate) { closed_ |= bit(gate); }
  void open(Gate gate) { closed_ &= ~bit(gate); }
  // Closes the gate `snapshot`, or opens it: null.
  void hold_writes(WriteHold* hold) {
    write_hold_ = hold;
    hold == nullptr ? open(Gate::snapshot) : close(Gate::snapshot);
  }
  WriteHold* write_hold() const { return write_hold_; }
  // The same for the gate `held_keys`.
  void hold_keys(const HeldKeys* keys) {
    held_keys_ = keys;
    keys == nullptr ? open(Gate::held_keys) : close(Gate::held_keys);
  }
  const HeldKeys* held_keys() const { return held_keys_; }

  // Closes `disk_error`, with the text of its error.
  void refuse_writes(std::string error) {
    disk_error_ = std::move(error);
    close(Gate::disk_error);
  }

  // Closes `busy`, with the text of its error, which must live until the gate is opened.
  void refuse_as_busy(std::string_view error) {
    busy_error_ = error;
    close(Gate::busy);
  }

  // The error of the first closed gate in `refused`, which is neither zero nor `permission`; the
  // executor writes the error of `subscribed`, which names the command.
  std::string_view error(std::uint32_t refused) const;

 private:
  std::string disk_error_;
  std::string_view busy_error_;
  std::uint32_t closed_ = 0;
  WriteHold* write_hold_ = nullptr;
  const HeldKeys* held_keys_ = nullptr;
};

// The gates that stop a command with these flags when they are closed.
std::uint32_t refusals(std::uint32_t command_flags);

// The gates that are closed for a session with this connection.
std::uint32_t closed_gates(const Settings& settings, const Peer& peer);

}  // namespace larder::engine
