#pragma once

// Output of a connection that is not the reply to a request: the stream of a replica. The
// connection takes it in pieces when its socket can send, so that it is held in one place for all
// connections.

#include <cstddef>
#include <string_view>

namespace larder::engine {

class OutputSource {
 public:
  // The next bytes to send, valid until the next call of a function of the source; empty if there
  // are none now (Peer::source_grew() says when there are).
  virtual std::string_view next() = 0;
  // The first `bytes` of them were sent. May close the session.
  virtual void sent(std::size_t bytes) = 0;
  // The session has replied to a command after the source began to send: its output would be in the
  // middle of the stream. Must close the session.
  virtual void interrupted() = 0;

 protected:
  ~OutputSource() = default;
};

}  // namespace larder::engine
