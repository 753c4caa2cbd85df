#pragma once

// Keys that must not change for a while: MIGRATE holds those that it sends until it has ended.
// Commands of clients that may change such a key are delayed (Gate::held_keys); reads and commands
// on other keys run. A name is held in all databases, because COPY, MOVE and a transaction with
// SELECT change keys of other databases. Removals by expiry and eviction do not wait, nor do the
// commands of a script on keys that it did not declare.

#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "larder/base/hash.h"
#include "larder/engine/command.h"
#include "larder/engine/gates.h"
#include "larder/engine/held_sessions.h"
#include "larder/resp/request.h"

namespace larder::engine {

class Transaction;

class HeldKeys {
 public:
  // `waiting` has the sessions whose next command is delayed.
  HeldKeys(GateBoard& gates, HeldSessions& waiting) : gates_(gates), waiting_(waiting) {}

  // A name may be held several times. The names must stay where they are until they are released.
  void hold(std::span<const std::string> names);
  // The sessions that wait try again, the first of them at once.
  void release(std::span<const std::string> names);
  // The next sessions try again; true if there are more.
  bool resume_some();

  // Whether a command must wait: it may change a key that is held, or all keys. A command that
  // writes and only reads the keys that it names (XREADGROUP) counts as changing them.
  bool stops(const Command& command, resp::Args args) const;
  // The same for EXEC.
  bool stops(const Transaction& transaction) const;

 private:
  struct Hash {
    std::size_t operator()(std::string_view name) const { return base::hash_bytes(name); }
  };

  GateBoard& gates_;
  HeldSessions& waiting_;
  std::unordered_multiset<std::string_view, Hash> names_;
  std::size_t to_resume_ = 0;  // of the sessions that wait
};

}  // namespace larder::engine
