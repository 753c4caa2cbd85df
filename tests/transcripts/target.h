#pragma once

// The server that transcripts run against: Larder in process, or a server over a socket.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace larder::transcripts {

// One client: sends and receives bytes. The runner handles RESP.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void send(std::string_view bytes) = 0;
  // The received bytes, at least one; empty if none arrived within `wait_ms` or the other side
  // has closed.
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
  // Resets the server, so that a failed case does not affect the next one. No connection may be
  // open.
  virtual void restart() = 0;
  // Empties all databases.
  virtual void clear() = 0;
  // CONFIG SET; returns the old value. Throws std::runtime_error if it fails.
  virtual std::string configure(const std::string& name, const std::string& value) = 0;
  // The imbalance in the memory audit; empty if it balances, or if there is no audit.
  virtual std::string audit() = 0;
  // Whether this is Larder; a reference skips the cases marked @larder.
  virtual bool is_larder() const = 0;
  // Whether the allocator is jemalloc, which all builds without sanitizers use.
  virtual bool has_jemalloc() = 0;
  // An error after a step whose reply was right; empty if there is none.
  virtual std::string step_trouble() { return {}; }
  // Why a case with this command cannot be run here; empty if it can.
  virtual std::string reason_to_skip(const std::vector<std::string>& /*words*/) { return {}; }
  // An error that no reply shows: the process ended, or printed a report.
  virtual std::string trouble() { return {}; }
  // A line to print at the end of the run.
  virtual std::string summary() { return {}; }
};

}  // namespace larder::transcripts
