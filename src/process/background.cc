#include "larder/process/background.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace larder::process {

namespace {

// Only the owner may write to a new file, for any umask; an existing file keeps its mode.
bool write_pid(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const std::string text = std::to_string(::getpid()) + '\n';
  const bool whole = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(file) == 0 && whole;
}

}  // namespace

void daemonize() {
  const pid_t child = ::fork();
  if (child != 0) ::_exit(child < 0 ? 1 : 0);
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDWR);
  if (nothing < 0) return;
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, stream);
  if (nothing > STDERR_FILENO) ::close(nothing);
}

void PidFile::write(const std::string& path, base::Log& log) {
  if (path.empty()) return;
  if (!write_pid(path)) {
    return log.warning("Failed to write PID file " + path + ": " + std::strerror(errno));
  }
  char* const whole = ::realpath(path.c_str(), nullptr);
  path_ = whole != nullptr ? whole : path;
  std::free(whole);
}

PidFile::~PidFile() { remove(); }

void PidFile::remove() {
  if (!path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

Supervisor::Supervisor(Supervision asked, base::Log& log) : log_(log) {
  const char* const upstart = std::getenv("UPSTART_JOB");
  const char* const systemd = std::getenv("NOTIFY_SOCKET");
  if (asked == Supervision::automatic) {
    asked = upstart != nullptr   ? Supervision::upstart
            : systemd != nullptr ? Supervision::systemd
                                 : Supervision::none;
  }
  if (asked == Supervision::upstart) {
    if (upstart == nullptr) {
      log_.warning("upstart supervision requested, but UPSTART_JOB not found!");
      return;
    }
    found_ = Supervision::upstart;
    log_.notice("supervised by upstart, will stop to signal readiness.");
    ::raise(SIGSTOP);
    ::unsetenv("UPSTART_JOB");
  } else if (asked == Supervision::systemd) {
    if (systemd == nullptr) {
      log_.warning("systemd supervision requested or auto-detected, but NOTIFY_SOCKET not found!");
      return;
    }
    found_ = Supervision::systemd;
    socket_ = systemd;
    log_.notice(
        "Supervised by systemd. Please make sure you set appropriate values for "
        "TimeoutStartSec and TimeoutStopSec in your service unit.");
  }
}

std::string_view Supervisor::name() const {
  switch (found_) {
    case Supervision::upstart:
      return "upstart";
    case Supervision::systemd:
      return "systemd";
    default:
      return "no";
  }
}

// One datagram to the socket that the environment named; "@" in front is the abstract namespace.
void Supervisor::notify(const std::string& message) {
  if (socket_.empty()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  if (::sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    log_.warning(std::string("Can't send notification to systemd: ") + std::strerror(errno));
  }
  ::close(descriptor);
}

}  // namespace larder::process
