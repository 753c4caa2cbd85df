#pragma once

// The interfaces between the engine and access control: the permissions of users, the user of a new
// session, and the subscriptions of sessions.

#include <cstdint>
#include <string>
#include <string_view>

#include "larder/resp/request.h"

namespace larder::engine {

class Session;
struct BoundCommand;

// What a user is not allowed to use.
enum class Denied : std::uint8_t { nothing, command, key, channel };

// The context in which a command will run; recorded in the log of refusals.
enum class CommandContext : std::uint8_t { top_level, transaction, script };

// Permissions of users. The guard is called only for sessions for which Gate::permission is closed:
// users with all permissions cost nothing.
class Guard {
 public:
  virtual ~Guard() = default;

  // Whether the session's user may run these words. A refusal is counted and logged. Cost if it
  // may: one test of a bit, and a match of each key against the user's patterns.
  virtual Denied check(const Session& session, const BoundCommand& command, resp::Args args,
                       CommandContext occasion) = 0;

  // The same without counting and logging a refusal.
  virtual bool may_run(const Session& session, const BoundCommand& command,
                       resp::Args args) const = 0;

  // Whether the session's user may read all keys, for a command with computed names (SORT's BY and
  // GET).
  virtual bool may_read_all_keys(const Session& session, const BoundCommand& command,
                                 resp::Args args) const = 0;

  // The session sent words that are typical for a cross-protocol attack by a browser.
  virtual void report_attack(const Session& session) = 0;
};

// The error reply to a refusal: "NOPERM ...".
std::string refusal(Denied denied, const Session& session, const BoundCommand& command,
                    CommandContext occasion);

// Why a queued command may no longer run, for EXEC's own error.
std::string_view since_queued(Denied denied);

// The user of new sessions, for the network and for commands that reset a session.
class Credentials {
 public:
  virtual ~Credentials() = default;

  // Whether the user of new sessions has a password.
  virtual bool password_required() const = 0;

  // Puts the session into the state of a new connection: the default user, with the gates that are
  // closed for that user.
  virtual void admit(Session& session) const = 0;
};

// The subscriptions of sessions, for access control when a user loses channels.
class Subscriptions {
 public:
  enum class Kind : std::uint8_t { channel, pattern, shard_channel };
  // Called for each subscription; true ends the walk.
  class Visitor {
   public:
    virtual ~Visitor() = default;
    virtual bool visit(Kind kind, std::string_view name) = 0;
  };

  virtual ~Subscriptions() = default;
  // True if the visitor ended the walk over the subscriptions of the session.
  virtual bool any(const Session& session, Visitor& visitor) const = 0;
};

}  // namespace larder::engine
