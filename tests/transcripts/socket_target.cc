#include "socket_target.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace larder::transcripts {

namespace {

int open_socket(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

class SocketConnection final : public Connection {
 public:
  explicit SocketConnection(int fd) : fd_(fd) {}
  ~SocketConnection() override { close(fd_); }

  // Reads while it writes: a server may stop reading until its replies are read.
  void send(std::string_view bytes) override {
    while (!bytes.empty()) {
      pollfd waiting{fd_, POLLIN | POLLOUT, 0};
      if (poll(&waiting, 1, 10'000) <= 0) return;
      if (waiting.revents & POLLIN) take_in();
      if (closed_) return;
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  std::string receive(int wait_ms) override {
    pollfd waiting{fd_, POLLIN, 0};
    if (held_.empty() && !closed_ && poll(&waiting, 1, wait_ms) > 0) take_in();
    return std::exchange(held_, {});
  }

  bool is_closed() override { return closed_ && held_.empty(); }

 private:
  void take_in() {
    std::array<char, 65536> buffer;
    const ssize_t n = recv(fd_, buffer.data(), buffer.size(), 0);
    if (n > 0) {
      held_.append(buffer.data(), static_cast<std::size_t>(n));
    } else {
      closed_ = true;
    }
  }

  int fd_;
  bool closed_ = false;
  std::string held_;
};

std::string make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "transcripts-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for the server");
  return name;
}

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

SocketTarget::SocketTarget(Options options)
    : options_(std::move(options)), folder_(make_folder()), socket_(folder_ + "/socket") {
  start();
  wait_until_ready();
}

SocketTarget::~SocketTarget() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void SocketTarget::stop() {
  control_.reset();
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_ = -1;
  unlink(socket_.c_str());
}

void SocketTarget::restart() {
  stop();
  start();
  wait_until_ready();
}

void SocketTarget::start() {
  const std::string log = folder_ + "/log";
  pid_ = fork();
  if (pid_ != 0) return;
  const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  const char* name = options_.binary.c_str();
  execl(name, name, "--port", "0", "--unixsocket", socket_.c_str(), "--dir", folder_.c_str(),
        "--save", "", "--enable-debug-command", "yes", "--enable-protected-configs", "yes",
        nullptr);
  _exit(127);
}

void SocketTarget::wait_until_ready() {
  for (int i = 0; i < 1000; ++i) {
    const int fd = open_socket(socket_);
    if (fd >= 0) {
      close(fd);
      return;
    }
    if (const std::string wrong = trouble(); !wrong.empty()) throw std::runtime_error(wrong);
    sleep_ms(10);
  }
  throw std::runtime_error(options_.binary + " does not open its socket:\n" + log_text());
}

std::unique_ptr<Connection> SocketTarget::connect() {
  const int fd = open_socket(socket_);
  if (fd < 0) throw std::runtime_error("the server accepts no connection; " + trouble());
  return std::make_unique<SocketConnection>(fd);
}

resp::Value SocketTarget::must(const std::vector<std::string>& words) {
  if (control_ == nullptr) control_ = std::make_unique<Client>(connect(), Protocol::resp2);
  resp::Value reply = control_->ask(words);
  if (reply.is_error()) throw std::runtime_error(words[0] + " is refused: " + reply.text);
  return reply;
}

void SocketTarget::clear() { must({"FLUSHALL"}); }

std::string SocketTarget::configure(const std::string& name, const std::string& value) {
  const resp::Value old = must({"CONFIG", "GET", name});
  if (old.items.size() != 2) throw std::runtime_error("no directive " + name);
  must({"CONFIG", "SET", name, value});
  return old.items[1].text;
}

bool SocketTarget::has_jemalloc() {
  return must({"INFO", "memory"}).text.find("mem_allocator:jemalloc") != std::string::npos;
}

std::string SocketTarget::audit() {
  if (!options_.is_larder) return {};
  try {
    must({"MEMORY", "AUDIT"});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

void SocketTarget::advance_ms(int ms) { sleep_ms(ms); }

std::string SocketTarget::trouble() {
  int status = 0;
  if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) {
    pid_ = -1;
    return options_.binary + " ended:\n" + log_text();
  }
  return {};
}

std::string SocketTarget::log_text() const {
  std::ifstream file(folder_ + "/log");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace larder::transcripts
