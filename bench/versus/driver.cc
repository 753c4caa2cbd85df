// versus_driver: sends one workload to a server and prints the operations, the seconds, and the
// server's CPU nanoseconds: one line, for scripts/versus. With --idle N it holds N connections
// open until its standard input ends, each with --request sent and answered once; with
// --longest-wait 1 it sends one PING after the other for --seconds and prints the microseconds of
// the slowest, and the largest CPU time of the server during one PING, which would be the wait on a
// machine without other work. With --subscribers N that many further connections subscribe to the
// channel "ch": the time ends when all have received all messages, and with --awaited 1 the next
// message is sent only then. With --handshakes 1 an operation is to connect, to receive one PONG,
// and to close. With --rate N that many requests are sent a second, and it prints the operations,
// the seconds, and the 99.9th percentile and the maximum of the replies' microseconds. With --tls 1
// connections use TLS. With --sleeps 1 it sleeps while no reply is there: for a driver that shares
// its core with others.

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

#include "link.h"
#include "paced.h"
#include "replies.h"
#include "workload.h"

namespace larder::versus {

namespace {

struct Options {
  Workload workload;
  int port = 6379;
  int pid = 0;
  int clients = 50;
  int idle = 0;
  int subscribers = 0;
  bool awaited = false;
  bool longest_wait = false;
  bool tls = false;
  bool handshakes = false;
  bool sleeps = false;
  double seconds = 2;
  double rate = 0;
};

// So that it notices the end of its time.
constexpr int kMostSleepMs = 10;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The CPU time of all threads of the process, in nanoseconds; 0 if no process was named.
std::uint64_t cpu_ns(int pid) {
  if (pid == 0) return 0;
  std::uint64_t sum = 0;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(task.path() / "schedstat");
    std::uint64_t ran = 0;
    if (file >> ran) sum += ran;
  }
  return sum;
}

// The CPU time of one process, up to this instant even while it runs.
class CpuClock {
 public:
  explicit CpuClock(int pid) { clock_getcpuclockid(pid, &clock_); }
  double seconds() const {
    timespec at{};
    clock_gettime(clock_, &at);
    return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
  }

 private:
  clockid_t clock_ = CLOCK_PROCESS_CPUTIME_ID;
};

struct Client {
  Client(const Options& options, const Tls* tls, std::uint64_t seed, bool listens_ = false)
      : link(options.port, tls), requests(options.workload, seed), listens(listens_) {}

  Link link;
  Requests requests;
  ReplyCounter replies;
  std::uint64_t waiting = 0;
  bool listens;
};

class Driver {
 public:
  explicit Driver(const Options& options)
      : options_(options),
        poll_(epoll_create1(0)),
        tls_(options.tls ? std::make_unique<Tls>() : nullptr) {
    for (int i = 0; i < options.clients; ++i) {
      clients_.push_back(
          std::make_unique<Client>(options, tls_.get(), static_cast<std::uint64_t>(i) + 1));
      watch(*clients_.back());
    }
    for (int i = 0; i < options.subscribers; ++i) {
      listeners_.push_back(std::make_unique<Client>(options, tls_.get(), 1, true));
      subscribe(*listeners_.back());
      watch(*listeners_.back());
    }
  }
  ~Driver() { close(poll_); }

  // Keeps every client at one burst until the time is over and something was answered, or the
  // keys are loaded.
  void run() {
    const bool is_loading = options_.workload.op == "load";
    next_key_ = options_.workload.first;
    const std::uint64_t cpu_before = cpu_ns(options_.pid);
    const double start = now();
    for (auto& client : clients_) refill(*client);
    while (in_flight_ + to_hear_ > 0) {
      turn();
      is_over_ = !is_loading && operations_ > 0 && now() - start >= options_.seconds;
      if (is_over_ && listeners_.empty()) break;
    }
    const double seconds = now() - start;
    const std::uint64_t cpu = cpu_ns(options_.pid) - cpu_before;
    std::printf("%llu %.6f %llu\n", static_cast<unsigned long long>(operations_), seconds,
                static_cast<unsigned long long>(cpu));
  }

 private:
  void watch(Client& client) {
    epoll_event event{EPOLLIN, {.ptr = &client}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, client.link.descriptor(), &event);
  }

  void subscribe(Client& client) {
    client.link.send("SUBSCRIBE ch\r\n");
    std::uint64_t answers = 0;
    while (answers == 0) answers = client.replies.feed(receive(client));
  }

  std::string_view receive(Client& client) { return client.link.receive(buffer_); }

  // Does not sleep without --sleeps: the server would be charged for waking it, which is not so if
  // clients are on other machines.
  void turn() {
    std::array<epoll_event, 64> events;
    const int n = epoll_wait(poll_, events.data(), static_cast<int>(events.size()),
                             options_.sleeps ? kMostSleepMs : 0);
    for (int i = 0; i < n; ++i) {
      Client& client = *static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
      do take(client);
      while (client.link.has_more());
    }
  }

  void take(Client& client) {
    const std::uint64_t ended = client.replies.feed(receive(client));
    if (!client.replies.error().empty()) throw std::runtime_error(client.replies.error());
    if (client.listens) {
      to_hear_ -= ended;
    } else {
      operations_ += ended;
      in_flight_ -= ended;
      client.waiting -= ended;
    }
    if (is_over_) return;
    if (!options_.awaited) {
      if (!client.listens && client.waiting == 0) refill(client);
    } else if (in_flight_ == 0 && to_hear_ == 0) {
      for (auto& one : clients_) refill(*one);
    }
  }

  void refill(Client& client) {
    const Workload& workload = options_.workload;
    std::uint64_t count = static_cast<std::uint64_t>(workload.pipeline);
    if (workload.op == "load") {
      count = std::min(count, workload.first + workload.keys - next_key_);
      if (count == 0) return;
      client.link.send(client.requests.in_order(next_key_, count));
      next_key_ += count;
    } else {
      client.link.send(client.requests.random());
    }
    client.waiting = count;
    in_flight_ += count;
    to_hear_ += count * listeners_.size();
  }

  const Options options_;
  int poll_;
  std::unique_ptr<Tls> tls_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Client>> listeners_;
  std::uint64_t to_hear_ = 0;  // messages that subscribers have not received yet
  std::uint64_t next_key_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t operations_ = 0;
  bool is_over_ = false;  // nothing more is to be sent
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

void hold_idle(const Options& options) {
  const auto tls = options.tls ? std::make_unique<Tls>() : nullptr;
  std::vector<std::unique_ptr<Link>> open;
  std::array<char, 4096> room;
  for (int i = 0; i < options.idle; ++i) {
    open.push_back(std::make_unique<Link>(options.port, tls.get()));
    if (options.workload.request.empty()) continue;
    open.back()->send(options.workload.request + "\r\n");
    while (open.back()->receive(room).empty()) {
    }
  }
  std::printf("open\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

void come_and_go(const Options& options) {
  const auto tls = options.tls ? std::make_unique<Tls>() : nullptr;
  std::array<char, 4096> room;
  const std::uint64_t cpu_before = cpu_ns(options.pid);
  const double start = now();
  std::uint64_t done = 0;
  for (; now() - start < options.seconds; ++done) {
    Link link(options.port, tls.get());
    link.send("PING\r\n");
    while (link.receive(room).empty()) {
    }
  }
  const double seconds = now() - start;
  std::printf("%llu %.6f %llu\n", static_cast<unsigned long long>(done), seconds,
              static_cast<unsigned long long>(cpu_ns(options.pid) - cpu_before));
}

void measure_longest_wait(const Options& options) {
  Link link(options.port, nullptr);
  const CpuClock server(options.pid);
  std::array<char, 64> reply;
  double longest = 0;
  double most_cpu = 0;
  const double start = now();
  double cpu_before = server.seconds();
  for (double before = start; before - start < options.seconds;) {
    link.send("PING\r\n");
    link.receive(reply);
    const double after = now();
    const double cpu_after = server.seconds();
    longest = std::max(longest, after - before);
    most_cpu = std::max(most_cpu, cpu_after - cpu_before);
    before = now();
    cpu_before = cpu_after;
  }
  std::printf("%.0f %.0f\n", longest * 1e6, most_cpu * 1e6);
}

void send_paced(const Options& options) {
  const PacedResult result =
      run_paced({options.port, options.workload, options.clients, options.rate, options.seconds});
  std::printf("%llu %.6f %.0f %.0f\n", static_cast<unsigned long long>(result.operations),
              result.seconds, result.p999_us, result.longest_us);
}

Options read_options(int count, char** arguments) {
  Options out;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    const char* value = arguments[i + 1];
    const auto number = std::strtoull(value, nullptr, 10);
    if (name == "--op")
      out.workload.op = value;
    else if (name == "--prefix")
      out.workload.prefix = value;
    else if (name == "--keys")
      out.workload.keys = number;
    else if (name == "--first")
      out.workload.first = number;
    else if (name == "--pipeline")
      out.workload.pipeline = static_cast<int>(number);
    else if (name == "--value-bytes")
      out.workload.value_bytes = static_cast<int>(number);
    else if (name == "--integers")
      out.workload.integers = number != 0;
    else if (name == "--ttl")
      out.workload.ttl = number;
    else if (name == "--request")
      out.workload.request = value;
    else if (name == "--longest-wait")
      out.longest_wait = number != 0;
    else if (name == "--tls")
      out.tls = number != 0;
    else if (name == "--handshakes")
      out.handshakes = number != 0;
    else if (name == "--sleeps")
      out.sleeps = number != 0;
    else if (name == "--port")
      out.port = static_cast<int>(number);
    else if (name == "--pid")
      out.pid = static_cast<int>(number);
    else if (name == "--clients")
      out.clients = static_cast<int>(number);
    else if (name == "--subscribers")
      out.subscribers = static_cast<int>(number);
    else if (name == "--awaited")
      out.awaited = number != 0;
    else if (name == "--idle")
      out.idle = static_cast<int>(number);
    else if (name == "--rate")
      out.rate = std::strtod(value, nullptr);
    else if (name == "--seconds")
      out.seconds = std::strtod(value, nullptr);
    else
      throw std::runtime_error("unknown option " + name);
  }
  return out;
}

}  // namespace

}  // namespace larder::versus

int main(int count, char** arguments) {
  try {
    const auto options = larder::versus::read_options(count, arguments);
    if (options.idle > 0) {
      larder::versus::hold_idle(options);
    } else if (options.handshakes) {
      larder::versus::come_and_go(options);
    } else if (options.rate > 0) {
      larder::versus::send_paced(options);
    } else if (options.longest_wait) {
      larder::versus::measure_longest_wait(options);
    } else {
      larder::versus::Driver(options).run();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "versus_driver: %s\n", error.what());
    return 1;
  }
  return 0;
}
