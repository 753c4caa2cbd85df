#pragma once

// Parts of the server that follow the commands: the executor calls them with what a command
// changed, with commands that are over, and with some of the requests. The sink of effects is in
// propagation.h.

#include <cstddef>
#include <cstdint>
#include <span>

#include "larder/keyspace/change_log.h"
#include "larder/resp/request.h"

namespace larder::engine {

class CommandTable;
class Session;
struct BoundCommand;

// Reads what a command changed, after it ran. Sinks are called in the order in which they were
// added and must not change the keyspace: that ends the process (ChangeLog::read).
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  virtual void read(std::span<const keyspace::Change> changes) = 0;
};

// Is called for commands that ran, when they are completely over: the reply is in the output, and
// listeners have read the changes. Without a sink there is no call.
class CommandSink {
 public:
  virtual ~CommandSink() = default;
  // For a display of commands (MONITOR): each command once, those of a transaction as they run.
  // Without administrators' commands, and without those that were only queued. The session is in
  // the database that the command selected.
  virtual void ran(const Session&, const BoundCommand&, resp::Args) {}
  // For the state of sessions: every command, also each new run of one that waited for keys. Null:
  // a command was refused.
  virtual void over(Session&, const BoundCommand*, resp::Args) {}
  // Instead for a command within another one: the session is that of the other one.
  virtual void over_within(Session& session, const BoundCommand& command, resp::Args args) {
    over(session, &command, args);
  }
};

// Looks at some of the requests that ran. The executor reports the number of requests after each
// batch, which costs one subtraction, and shows the batch only when one of them is picked.
class RequestSampler {
 public:
  RequestSampler(const RequestSampler&) = delete;
  RequestSampler& operator=(const RequestSampler&) = delete;

  // `ran` commands more have run: true when one of them is picked.
  bool is_due(std::size_t ran) {
    until_ -= static_cast<std::int64_t>(ran);
    return __builtin_expect(until_ < 0, 0);
  }
  // Looks at the picked ones among the commands that the last is_due() counted.
  virtual void sample(int db, const CommandTable& commands, std::span<const resp::Request> ran) = 0;

 protected:
  RequestSampler() = default;
  ~RequestSampler() = default;

  std::int64_t until_ = 0;  // commands before the next one that is picked
};

}  // namespace larder::engine
