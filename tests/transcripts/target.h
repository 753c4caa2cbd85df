#pragma once

// What transcripts run against: Larder in process, or a server behind a socket.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace larder::transcripts {

// One client. Bytes in, bytes out; RESP is the runner's affair.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void send(std::string_view bytes) = 0;
  // Whatever has come, at least a byte; empty when nothing came within `wait_ms` or the other
  // side has closed.
  virtual std::string receive(int wait_ms) = 0;
  // The other side has closed, and everything it sent was received.
  virtual bool is_closed() = 0;
};

class Target {
 public:
  virtual ~Target() = default;
  virtual std::unique_ptr<Connection> connect() = 0;
  // Lets time pass; at most longest_advance_ms() at a time.
  virtual void advance_ms(int ms) = 0;
  virtual int longest_advance_ms() const = 0;
  // Begins anew, so that a case that failed half way leaves nothing to the next. No connection
  // may be open.
  virtual void restart() = 0;
  // Empties all databases.
  virtual void clear() = 0;
  // CONFIG SET; returns the value until now. Throws std::runtime_error when it is refused.
  virtual std::string configure(const std::string& name, const std::string& value) = 0;
  // What does not balance in the memory audit; empty when all does, or when there is none.
  virtual std::string audit() = 0;
  // Larder has MEMORY AUDIT; a reference has not, and skips cases marked for Larder alone.
  virtual bool is_larder() const = 0;
  // Allocates from jemalloc, as every build does that is not sanitized.
  virtual bool has_jemalloc() = 0;
  // Something that no reply shows went wrong: the process ended, or printed a report.
  virtual std::string trouble() { return {}; }
  // A line to print at the end of the run.
  virtual std::string summary() { return {}; }
};

}  // namespace larder::transcripts
