#pragma once

// Who may run what, as the engine asks it. Only sessions for which Gate::permission is closed are
// asked about: whoever may do everything costs nothing.

#include <cstdint>
#include <string>
#include <string_view>

#include "larder/resp/request.h"

namespace larder::engine {

class Session;
struct BoundCommand;

// What a user may not use.
enum class Denied : std::uint8_t { nothing, command, key, channel };

// In the course of what a command is to run; the log of refusals tells.
enum class Occasion : std::uint8_t { top_level, transaction, script };

class Guard {
 public:
  virtual ~Guard() = default;

  // Whether the session's user may run these words. A refusal is counted and logged. Cost where
  // the user may: one test of a bit, and a match of each key against the user's patterns.
  virtual Denied check(const Session& session, const BoundCommand& command, resp::Args args,
                       Occasion occasion) = 0;

  // Whether the session's user may read whatever key the command comes across (SORT's BY and GET).
  virtual bool may_read_all_keys(const Session& session, const BoundCommand& command,
                                 resp::Args args) const = 0;

  // The session sent what only a browser made to attack would send.
  virtual void report_attack(const Session& session) = 0;
};

// The error reply to a refusal: "NOPERM ...".
std::string refusal(Denied denied, const Session& session, const BoundCommand& command);

// Why a command that was queued may no longer run, for EXEC's own words.
std::string_view since_queued(Denied denied);

}  // namespace larder::engine
