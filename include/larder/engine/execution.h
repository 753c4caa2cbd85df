#pragma once

// A command that is running, or the commands of one batch, one after the other. It is on the stack
// of the function that runs it. If commands run within commands (those of a transaction, of a
// script, those that a push unblocks), each of these has its own Execution with a pointer to
// the outer one.

#include <cstdint>

#include "larder/engine/propagation.h"

namespace larder::engine {

class Session;

struct Execution {
  enum class Turn : std::uint8_t {
    first,   // as the client sent it
    again,   // it had waited for keys, or continues
    queued,  // as a part of a transaction
    within,  // sent by another command, whose session is another one
  };

  Session& session;
  Execution* outer = nullptr;
  Turn turn = Turn::first;
  // Whether its lookups set the access bits of entries: the keyspace has a copy while the command
  // is the innermost one that runs (Executor::Running).
  bool touches = true;
  std::uint64_t request_bytes = 0;  // of a command that was parked; 0: not counted
  bool is_shown = false;     // a queued command: MONITOR showed it when its transaction ran before
  bool put_off = false;      // the last command must run again when there is room for its reply
  bool had_effects = false;  // of a transaction: a command may have had effects
  std::uint64_t cycles = 0;  // when the last command ended, and the time of the next one begins
  std::uint64_t unsent = 0;  // bytes of replies before the command
  std::uint64_t errors = 0;  // error replies to the session before the command
  OwnEffects effects = {};
};

}  // namespace larder::engine
