#pragma once

// A larder-server process that a test starts.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace larder::server {

// Relative to the test program: one folder up.
inline std::string server_binary() {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return (self.parent_path().parent_path() / "larder-server").string();
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Repeats the check until `done` returns true, for at most ten seconds.
template <typename Done>
bool wait_for(Done&& done) {
  for (int i = 0; i < 1000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

class Child {
 public:
  // A folder for this process's files.
  Child() {
    char name[] = "/tmp/larder_process_XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~Child() {
    end(SIGKILL);
    std::filesystem::remove_all(folder_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  const std::string& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  pid_t pid() const { return pid_; }
  std::string output() const { return read_file(path("out")); }

  // Runs in the new process before it executes the server.
  void before_exec(void (*act)()) { before_exec_ = act; }
  // The next start() limits the address space to this size.
  void limit_address_space(rlim_t bytes) { address_space_ = bytes; }

  // Runs it with these arguments, output and errors in the file `out`, `input` at its standard
  // input.
  void start(std::vector<std::string> arguments, const std::string& input = {}) {
    std::ofstream(path("in")) << input;
    arguments.insert(arguments.begin(), server_binary());
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (before_exec_ != nullptr) before_exec_();
    ::chdir(folder_.c_str());
    const int out = ::open("out", O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int in = ::open("in", O_RDONLY);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    const rlimit addresses{address_space_, address_space_};
    if (address_space_ != 0) ::setrlimit(RLIMIT_AS, &addresses);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    ::execv(words[0], words.data());
    ::_exit(127);
  }

  // Starts it without TCP, on a Unix socket in the folder, and waits until it is ready.
  bool serve(std::vector<std::string> more = {}, const std::string& input = {}) {
    std::vector<std::string> arguments = {"--port", "0", "--unixsocket", path("socket")};
    arguments.insert(input.empty() ? arguments.end() : arguments.begin(), more.begin(), more.end());
    start(arguments, input);
    return wait_for([&] { return output().find("Ready to accept") != std::string::npos; });
  }

  bool wrote(const std::string& text) const {
    return wait_for([&] { return output().find(text) != std::string::npos; });
  }

  // Sends one request as a line; returns the bytes of the first read, empty if the server closed.
  std::string ask(const std::string& line) const {
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path("socket").c_str(), sizeof address.sun_path - 1);
    std::string answer(64 * 1024, '\0');
    ssize_t got = -1;
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      const std::string text = line + "\r\n";
      [[maybe_unused]] const ssize_t sent =
          ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
      got = ::recv(descriptor, answer.data(), answer.size(), 0);
    }
    ::close(descriptor);
    answer.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return answer;
  }

  // Sends a signal and waits; the status of waitpid, or nothing if the process does not end.
  std::optional<int> end(int signal) {
    if (pid_ <= 0) return std::nullopt;
    ::kill(pid_, signal);
    return wait();
  }
  std::optional<int> wait() {
    int status = 0;
    if (pid_ <= 0 || !wait_for([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) {
      return std::nullopt;
    }
    pid_ = -1;
    return status;
  }

 private:
  std::string folder_;
  pid_t pid_ = -1;
  void (*before_exec_)() = nullptr;
  rlim_t address_space_ = 0;
};

}  // namespace larder::server
