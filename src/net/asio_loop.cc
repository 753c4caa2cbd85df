#define ASIO_STANDALONE
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <memory>
#include <system_error>
#include <vector>

#include "larder/base/assert.h"
#include "larder/net/loop.h"

namespace larder::net {
namespace {

using asio::posix::stream_descriptor;

// A watched descriptor. Outlives the watch while asio still has callbacks pending.
struct Socket {
  Socket(asio::io_context& context, Watch& watched)
      : waiter(context, watched.descriptor()), watch(&watched) {}

  stream_descriptor waiter;
  Watch* watch;  // null after its removal
  unsigned waiting = kNothing;
};

class AsioLoop final : public Loop {
 public:
  explicit AsioLoop(base::Clock& clock)
      : Loop(clock), context_(1), work_(asio::make_work_guard(context_)) {}
  // asio must not close the descriptors.
  ~AsioLoop() override {
    for (auto& socket : sockets_) {
      if (socket != nullptr) socket->waiter.release();
    }
    sockets_.clear();
  }

  std::string_view name() const override { return "asio"; }

 protected:
  void add(Watch& watched) override {
    const auto place = static_cast<std::size_t>(watched.descriptor());
    if (sockets_.size() <= place) sockets_.resize(place + 1);
    LARDER_ASSERT(sockets_[place] == nullptr);
    sockets_[place] = std::make_shared<Socket>(context_, watched);
    ask(sockets_[place]);
  }

  // A wait that is no longer needed is ignored when it ends; deliver() checks the interest.
  void update(Watch& watched) override {
    ask(sockets_[static_cast<std::size_t>(watched.descriptor())]);
  }

  void remove(Watch& watched) override {
    auto& socket = sockets_[static_cast<std::size_t>(watched.descriptor())];
    socket->watch = nullptr;
    socket->waiter.release();
    socket.reset();
  }

  // Collects the ready events in ready_, so that dispatch() comes after the clock.
  void wait(std::int64_t wait_us) override {
    if (wait_us < 0) {
      context_.run_one();
    } else if (wait_us > 0) {
      context_.run_one_for(std::chrono::microseconds(wait_us));
    }
    context_.poll();
  }

  void dispatch() override {
    for (std::size_t i = 0; i < ready_.size(); ++i) {
      // A copy: the list may grow within the call.
      const auto [socket, readiness] = ready_[i];
      if (socket->watch != nullptr) deliver(*socket->watch, readiness);
      if (socket->watch != nullptr) ask(socket);
    }
    ready_.clear();
  }

 private:
  struct Ready {
    std::shared_ptr<Socket> socket;
    unsigned readiness;
  };

  void ask(const std::shared_ptr<Socket>& socket) {
    const unsigned missing = socket->watch->interest() & ~socket->waiting;
    if ((missing & kReadable) != 0) ask_for(socket, stream_descriptor::wait_read, kReadable);
    if ((missing & kWritable) != 0) ask_for(socket, stream_descriptor::wait_write, kWritable);
  }

  void ask_for(const std::shared_ptr<Socket>& socket, stream_descriptor::wait_type type,
               unsigned readiness) {
    socket->waiting |= readiness;
    socket->waiter.async_wait(type, [this, socket, readiness](const std::error_code& error) {
      socket->waiting &= ~readiness;
      if (error != asio::error::operation_aborted) ready_.push_back({socket, readiness});
    });
  }

  asio::io_context context_;
  // Keeps the context from stopping while there is no watch.
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::shared_ptr<Socket>> sockets_;  // by descriptor
  std::vector<Ready> ready_;
};

}  // namespace

std::unique_ptr<Loop> make_asio_loop(base::Clock& clock) {
  return std::make_unique<AsioLoop>(clock);
}

}  // namespace larder::net
