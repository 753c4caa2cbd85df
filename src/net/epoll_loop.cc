#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "larder/base/assert.h"
#include "larder/net/loop.h"

namespace larder::net {
namespace {

std::uint32_t to_epoll(unsigned interest) {
  return ((interest & kReadable) != 0 ? EPOLLIN : 0u) |
         ((interest & kWritable) != 0 ? EPOLLOUT : 0u);
}

// Hang-ups and errors are reported as the events that the watch waits for: the next read or write
// returns them.
unsigned from_epoll(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return kReadable | kWritable;
  return ((events & EPOLLIN) != 0 ? kReadable : 0u) | ((events & EPOLLOUT) != 0 ? kWritable : 0u);
}

class EpollLoop final : public Loop {
 public:
  explicit EpollLoop(base::Clock& clock) : Loop(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw std::runtime_error(std::string("epoll_create1: ") + std::strerror(errno));
  }
  ~EpollLoop() override { ::close(epoll_); }

  std::string_view name() const override { return "epoll"; }

 protected:
  void add(Watch& watched) override { control(EPOLL_CTL_ADD, watched); }
  void update(Watch& watched) override { control(EPOLL_CTL_MOD, watched); }
  void remove(Watch& watched) override { control(EPOLL_CTL_DEL, watched); }

  void wait(std::int64_t wait_us) override {
    // Rounded up, so that a timer is due when its wait is over.
    const int wait_ms = wait_us < 0 ? -1 : static_cast<int>((wait_us + 999) / 1000);
    const int found = ::epoll_wait(epoll_, events_.data(), static_cast<int>(most_ready()), wait_ms);
    found_ = found < 0 ? 0 : static_cast<std::size_t>(found);
  }

  void dispatch() override {
    for (std::size_t i = 0; i < std::min(found_, most_ready()); ++i) {
      deliver(*static_cast<Watch*>(events_[i].data.ptr), from_epoll(events_[i].events));
    }
    found_ = 0;
  }

 private:
  void control(int operation, Watch& watched) {
    epoll_event event{};
    event.events = to_epoll(watched.interest());
    event.data.ptr = &watched;
    const int failed = ::epoll_ctl(epoll_, operation, watched.descriptor(), &event);
    LARDER_ASSERT(failed == 0 || operation == EPOLL_CTL_DEL);
  }

  int epoll_;
  std::size_t found_ = 0;
  // If more are ready, the rest is reported in the next turn.
  std::array<epoll_event, kMostReady> events_;
};

}  // namespace

std::unique_ptr<Loop> make_epoll_loop(base::Clock& clock) {
  return std::make_unique<EpollLoop>(clock);
}

}  // namespace larder::net
