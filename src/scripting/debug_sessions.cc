#include "debug_sessions.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string>

namespace larder::scripting {
namespace {

// Files stay open: the log is one of them.
void close_sockets_but(int kept) {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) ::_exit(1);
  std::vector<int> sockets;
  while (const dirent* const entry = ::readdir(folder)) {
    const int descriptor = std::atoi(entry->d_name);
    struct stat status {};
    const bool is_socket = ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
    if (is_socket && descriptor != kept) sockets.push_back(descriptor);
  }
  ::closedir(folder);
  for (const int descriptor : sockets) ::close(descriptor);
}

void become_child(pid_t server, int socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != server) ::_exit(1);
  for (const int signal : {SIGTERM, SIGINT, SIGALRM}) ::signal(signal, SIG_IGN);
  close_sockets_but(socket);
}

}  // namespace

bool DebugSessions::enable(const engine::Session& client, DebugMode mode) {
  disable(client);
  std::erase_if(clients_,
                [this](const Client& each) { return sessions_.find(each.id) == nullptr; });
  if (clients_.size() == kMostClients) return false;
  clients_.push_back({client.id, mode});
  return true;
}

void DebugSessions::disable(const engine::Session& client) {
  std::erase_if(clients_, [&client](const Client& each) { return each.id == client.id; });
}

const DebugMode* DebugSessions::mode_of(const engine::Session& client) const {
  for (const Client& each : clients_) {
    if (each.id == client.id) return &each.mode;
  }
  return nullptr;
}

bool DebugSessions::has_room_for_child() {
  reap();
  return children_.size() < kMostChildren;
}

DebugSessions::Process DebugSessions::fork_with(int socket) {
  const pid_t server = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return Process::none;
  if (child > 0) {
    children_.push_back(child);
    return Process::server;
  }
  become_child(server, socket);
  log_.role(base::LogRole::child);
  log_.notice("Redis forked for debugging eval");
  return Process::child;
}

void DebugSessions::reap() {
  std::erase_if(children_, [](pid_t child) {
    int status = 0;
    return ::waitpid(child, &status, WNOHANG) != 0;
  });
}

}  // namespace larder::scripting
