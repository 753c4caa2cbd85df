#include "paced.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <deque>
#include <memory>
#include <stdexcept>
#include <vector>

#include "link.h"
#include "replies.h"

namespace larder::versus {

namespace {

volatile std::sig_atomic_t g_is_stopped = 0;

// The pause between two looks at what is due.
constexpr long kTickNs = 250'000;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct PacedClient {
  PacedClient(const PacedLoad& load, std::uint64_t seed)
      : link(load.port, nullptr), requests(load.workload, seed) {}

  Link link;
  Requests requests;
  ReplyCounter replies;
  std::deque<double> due;      // of the bursts that were sent and not answered yet
  std::uint64_t answered = 0;  // replies to the first of them
};

class Pacer {
 public:
  explicit Pacer(const PacedLoad& load)
      : load_(load),
        burst_(static_cast<std::uint64_t>(load.workload.pipeline)),
        poll_(epoll_create1(0)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) {
    for (int i = 0; i < load.clients; ++i) {
      clients_.push_back(std::make_unique<PacedClient>(load, static_cast<std::uint64_t>(i) + 1));
      watch(clients_.back()->link.descriptor(), clients_.back().get());
    }
    const itimerspec every{.it_interval = {0, kTickNs}, .it_value = {0, kTickNs}};
    timerfd_settime(timer_, 0, &every, nullptr);
    watch(timer_, nullptr);
  }
  ~Pacer() {
    close(timer_);
    close(poll_);
  }

  PacedResult run() {
    const double start = now();
    double ended = start;
    for (bool sends = true; sends || open_ > 0;) {
      wait();
      ended = now();
      sends = g_is_stopped == 0 && ended - start < load_.seconds;
      if (sends) send_due(start, ended);
    }
    PacedResult out{.operations = answered_, .seconds = ended - start};
    if (waits_us_.empty()) return out;
    std::sort(waits_us_.begin(), waits_us_.end());
    out.p999_us = waits_us_[waits_us_.size() * 999 / 1000];
    out.longest_us = waits_us_.back();
    return out;
  }

 private:
  void watch(int descriptor, PacedClient* client) {
    epoll_event event{EPOLLIN, {.ptr = client}};
    epoll_ctl(poll_, EPOLL_CTL_ADD, descriptor, &event);
  }

  void send_due(double start, double until) {
    for (;;) {
      const double due = start + static_cast<double>(sent_ * burst_) / load_.rate;
      if (due > until) return;
      PacedClient& client = *clients_[sent_++ % clients_.size()];
      client.link.send(client.requests.random());
      client.due.push_back(due);
      ++open_;
    }
  }

  void wait() {
    std::array<epoll_event, 64> events;
    const int n = epoll_wait(poll_, events.data(), static_cast<int>(events.size()), -1);
    if (n < 0) return;
    for (int i = 0; i < n; ++i) {
      auto* client = static_cast<PacedClient*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (client != nullptr) {
        take(*client);
        continue;
      }
      std::uint64_t expired;
      if (read(timer_, &expired, sizeof expired) < 0) continue;
    }
  }

  void take(PacedClient& client) {
    const std::uint64_t replies = client.replies.feed(client.link.receive(room_));
    if (!client.replies.error().empty()) throw std::runtime_error(client.replies.error());
    answered_ += replies;
    client.answered += replies;
    for (; client.answered >= burst_ && !client.due.empty(); client.answered -= burst_) {
      waits_us_.push_back((now() - client.due.front()) * 1e6);
      client.due.pop_front();
      --open_;
    }
  }

  const PacedLoad load_;
  const std::uint64_t burst_;
  int poll_;
  int timer_;
  std::vector<std::unique_ptr<PacedClient>> clients_;
  std::uint64_t sent_ = 0;  // bursts
  std::uint64_t open_ = 0;
  std::uint64_t answered_ = 0;
  std::vector<double> waits_us_;
  std::vector<char> room_ = std::vector<char>(64 * 1024);
};

}  // namespace

PacedResult run_paced(const PacedLoad& load) {
  std::signal(SIGTERM, [](int) { g_is_stopped = 1; });
  return Pacer(load).run();
}

}  // namespace larder::versus
