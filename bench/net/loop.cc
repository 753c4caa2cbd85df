// The loop's own cost: 50 connections that each send a request (or 16 at once) and get as many
// bytes back. Only the server's side is timed: waiting, dispatching, one read and one send.

#include "larder/net/loop.h"

#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

namespace larder::net {
namespace {

constexpr int kConnections = 50;
constexpr int kRequestBytes = 14;

struct Echo final : Watch {
  Echo(Loop& loop, int socket) : loop_(loop), socket_(socket) {
    loop.watch(socket, kReadable, *this);
  }
  ~Echo() override {
    loop_.forget(*this);
    ::close(socket_);
  }
  void on_ready(unsigned) override {
    std::array<char, 4096> bytes;
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return;
    ++served;
    [[maybe_unused]] const ssize_t sent =
        ::send(socket_, bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
  }
  int served = 0;

 private:
  Loop& loop_;
  int socket_;
};

// Of this thread, so that others on the machine do not count.
double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void serve(benchmark::State& state, std::unique_ptr<Loop> (*make)(base::Clock&)) {
  base::SystemClock clock;
  const auto loop = make(clock);
  std::vector<std::unique_ptr<Echo>> echoes;
  std::vector<int> clients;
  for (int i = 0; i < kConnections; ++i) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) std::abort();
    echoes.push_back(std::make_unique<Echo>(*loop, ends[0]));
    clients.push_back(ends[1]);
  }
  const auto bytes = static_cast<std::size_t>(state.range(0)) * kRequestBytes;
  std::vector<char> buffer(bytes, 'x');
  for ([[maybe_unused]] auto _ : state) {
    for (auto& echo : echoes) echo->served = 0;
    for (const int client : clients) {
      if (::send(client, buffer.data(), bytes, 0) < 0) std::abort();
    }
    const double began = processor_seconds();
    for (int served = 0; served < kConnections;) {
      loop->run_once(0);
      served = 0;
      for (const auto& echo : echoes) served += echo->served;
    }
    state.SetIterationTime(processor_seconds() - began);
    for (const int client : clients) {
      if (::recv(client, buffer.data(), bytes, 0) < 0) std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations() * kConnections * state.range(0));
  for (const int client : clients) ::close(client);
}

void epoll(benchmark::State& state) { serve(state, make_epoll_loop); }
void asio_wait(benchmark::State& state) { serve(state, make_asio_loop); }

BENCHMARK(epoll)->Arg(1)->Arg(16)->UseManualTime();
BENCHMARK(asio_wait)->Arg(1)->Arg(16)->UseManualTime();

}  // namespace
}  // namespace larder::net
