#pragma once

// The process and its system: running in the background, supervisors, the pid file.

#include <string>
#include <string_view>

#include "larder/base/log.h"

namespace larder::process {

// Leaves the terminal: continues in a child that leads its own session, with /dev/null for the
// standard streams. Must be called before anything else is started.
void daemonize();

// Writes the process id; removes the file in the end.
class PidFile {
 public:
  PidFile() = default;
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // If the file cannot be written, this is only logged.
  void write(const std::string& path, base::Log& log);
  // Removes the file now; otherwise the destructor does.
  void remove();

 private:
  std::string path_;
};

// In the order of the directive's words.
enum class Supervision { upstart, systemd, automatic, none };

// Notifies the supervisor, if there is one, of the state of the server.
class Supervisor {
 public:
  // Detects the supervisor. upstart waits for the process to stop itself, which happens here.
  Supervisor(Supervision asked, base::Log& log);

  Supervision found() const { return found_; }
  std::string_view name() const;
  // systemd only: the state in words, and whether the server is ready.
  void status(std::string_view text) { notify("STATUS=" + std::string(text) + "\n"); }
  void ready() { notify("READY=1\n"); }
  void stopping() { notify("STOPPING=1\n"); }

 private:
  void notify(const std::string& message);

  base::Log& log_;
  Supervision found_ = Supervision::none;
  std::string socket_;
};

}  // namespace larder::process
