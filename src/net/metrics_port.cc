#include "larder/net/metrics_port.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "larder/memory/heap.h"
#include "larder/net/http_request.h"
#include "sockets.h"

namespace larder::net {
namespace {

constexpr memory::Owner kPortOwner = memory::Owner::statistics;
constexpr std::int64_t kSweepUs = 1'000'000;
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

using Bytes = std::vector<char, memory::Allocator<char, kPortOwner>>;

std::size_t held(const Bytes& bytes) {
  return bytes.capacity() == 0 ? 0 : memory::size_class(bytes.capacity());
}

bool is_later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

struct Answer {
  std::string_view status;
  std::string_view type = kPlainText;
  std::string body;
};

}  // namespace

// One connection: a request, its response, and the next.
class MetricsPort::HttpConnection final : public Watch {
 public:
  HttpConnection(MetricsPort& port, int descriptor) : port_(port), socket_(descriptor) {
    deadline_ms_ = port_.now_ms() + kRequestMs;
    port_.parts_.loop.watch(socket_, kReadable, *this);
  }
  ~HttpConnection() override { hang_up(); }

  void hang_up() {
    if (socket_ < 0) return;
    port_.parts_.loop.forget(*this);
    ::close(socket_);
    socket_ = -1;
  }

  void on_ready(unsigned readiness) override {
    if (is_over()) return;
    if ((readiness & kReadable) != 0) receive();
    if (!is_over() && output_.empty() && !input_.empty()) serve();
    if (!is_over() && !output_.empty()) send();
    if (is_over()) return port_.end(*this);
    // A pending request is handled when the socket is writable, in the next turn.
    const bool waits = !output_.empty() || is_pending_;
    port_.parts_.loop.change(*this, waits ? kWritable : kReadable);
  }

  bool is_served_within() const override { return true; }

  bool is_over() const { return over_; }
  std::int64_t deadline_ms() const { return deadline_ms_; }
  std::int64_t held_bytes() const {
    return static_cast<std::int64_t>(memory::size_class(sizeof(HttpConnection)) + held(input_) +
                                     held(output_));
  }

 private:
  void receive() {
    std::array<char, 4096> room;
    const ssize_t got = ::recv(socket_, room.data(), room.size(), 0);
    if (got < 0 && is_later(errno)) return;
    if (got <= 0) {
      over_ = true;
      return;
    }
    if (waits_for_close_) return;
    if (input_.empty() && idles_) deadline_ms_ = port_.now_ms() + kRequestMs;
    idles_ = false;
    input_.insert(input_.end(), room.data(), room.data() + got);
  }

  // Responds to the first request, if it is complete. The next is handled when the response is
  // sent.
  void serve() {
    is_pending_ = false;
    const HttpParsed parsed = parse_http({input_.data(), input_.size()});
    switch (parsed.state) {
      case HttpState::incomplete:
        return;
      case HttpState::malformed:
        return answer(
            {"400 Bad Request", kPlainText, "This is no request that can be answered.\n"});
      case HttpState::too_large:
        return answer({"431 Request Header Fields Too Large", kPlainText, "Too long.\n"});
      case HttpState::complete:
        break;
    }
    keeps_alive_ = parsed.request.keeps_alive;
    answer(answer_to(parsed.request), parsed.request.method);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(parsed.bytes));
  }

  Answer answer_to(const HttpRequest& request) {
    if (request.method == HttpMethod::other) {
      return {"405 Method Not Allowed\r\nAllow: GET, HEAD", kPlainText, "GET or HEAD.\n"};
    }
    const bool is_metrics = request.path == "/metrics";
    if (!is_metrics && request.path != "/health") {
      return {"404 Not Found", kPlainText, "There are /metrics and /health.\n"};
    }
    if (!is_metrics) {
      if (port_.is_loading()) return {"503 Service Unavailable", kPlainText, "loading\n"};
      return {"200 OK", kPlainText, "ok\n"};
    }
    const auto form = request.accepts_open_metrics ? info::Exposition::open_metrics
                                                   : info::Exposition::prometheus;
    return {"200 OK", info::content_type(form), port_.scrape(form)};
  }

  void answer(const Answer& answer, HttpMethod method = HttpMethod::get) {
    add("HTTP/1.1 ");
    add(answer.status);
    add("\r\nContent-Type: ");
    add(answer.type);
    add("\r\nContent-Length: ");
    add(std::to_string(answer.body.size()));
    add(keeps_alive_ ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
    if (method != HttpMethod::head) add(answer.body);
    deadline_ms_ = port_.now_ms() + kAnswerMs;
  }

  void add(std::string_view text) { output_.insert(output_.end(), text.begin(), text.end()); }

  void send() {
    while (sent_ < output_.size()) {
      const ssize_t took =
          ::send(socket_, output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
      if (took < 0 && is_later(errno)) return;
      if (took < 0) {
        over_ = true;
        return;
      }
      sent_ += static_cast<std::size_t>(took);
    }
    Bytes().swap(output_);
    sent_ = 0;
    keeps_alive_ ? read_next_request() : linger();
  }

  void read_next_request() {
    keeps_alive_ = false;
    idles_ = true;
    if (input_.empty()) Bytes().swap(input_);
    is_pending_ = !input_.empty();
    deadline_ms_ = port_.now_ms() + (is_pending_ ? kRequestMs : kIdleMs);
  }

  // Closing at once would discard the response for a client that is still sending.
  void linger() {
    waits_for_close_ = true;
    Bytes().swap(input_);
    ::shutdown(socket_, SHUT_WR);
    deadline_ms_ = port_.now_ms() + kLingerMs;
  }

  MetricsPort& port_;
  int socket_;
  Bytes input_;
  Bytes output_;
  std::size_t sent_ = 0;
  std::int64_t deadline_ms_ = 0;
  bool keeps_alive_ = false;
  bool idles_ = false;            // a response was sent, and nothing was received since
  bool is_pending_ = false;       // there are requests without a response
  bool waits_for_close_ = false;  // everything was sent; waits for the client to close
  bool over_ = false;
};

MetricsPort::MetricsPort(const Parts& parts)
    : parts_(parts), metrics_(parts.reporter), listeners_(parts.loop, *this, parts.log) {}

MetricsPort::~MetricsPort() { close(); }

base::Result<void> MetricsPort::listen(const TcpPlace& place) {
  auto listening = listeners_.listen_tcp(place);
  if (listening) end_all();
  return listening;
}

void MetricsPort::close() {
  listeners_.close_tcp();
  end_all();
  free_ended();
  parts_.loop.cancel(*this);
}

void MetricsPort::on_accepted(int descriptor, Transport) {
  disable_delay(descriptor);
  if (connections_.size() >= kMostConnections) {
    HttpConnection* const first =
        *std::min_element(connections_.begin(), connections_.end(),
                          [](const HttpConnection* a, const HttpConnection* b) {
                            return a->deadline_ms() < b->deadline_ms();
                          });
    end(*first);
  }
  if (connections_.empty()) parts_.loop.start(*this, kSweepUs);
  connections_.push_back(memory::make<HttpConnection>(kPortOwner, *this, descriptor));
}

bool MetricsPort::is_loading() const {
  return (parts_.gates.closed() & engine::bit(engine::Gate::loading)) != 0;
}

std::string MetricsPort::scrape(info::Exposition form) {
  const std::int64_t began = parts_.loop.clock().steady_now_us();
  ++metrics_.scrapes;
  std::string text = info::expose(parts_.reporter, form);
  metrics_.last_scrape_us = parts_.loop.clock().steady_now_us() - began;
  return text;
}

// Events of this turn may still refer to it.
void MetricsPort::end(HttpConnection& connection) {
  const auto place = std::find(connections_.begin(), connections_.end(), &connection);
  if (place == connections_.end()) return;
  connections_.erase(place);
  connection.hang_up();
  ended_.push_back(&connection);
  parts_.loop.start(*this, 0);
}

void MetricsPort::end_all() {
  while (!connections_.empty()) end(*connections_.back());
}

void MetricsPort::free_ended() {
  for (HttpConnection* connection : ended_) memory::destroy(kPortOwner, connection);
  ended_.clear();
}

std::int64_t MetricsPort::on_time() {
  free_ended();
  const std::int64_t now = now_ms();
  for (std::size_t i = connections_.size(); i > 0; --i) {
    if (connections_[i - 1]->deadline_ms() <= now) end(*connections_[i - 1]);
  }
  if (!ended_.empty()) return 1;
  return connections_.empty() ? 0 : kSweepUs;
}

void MetricsPort::report_bytes(memory::Audit& audit) const {
  std::int64_t bytes = 0;
  for (const HttpConnection* connection : connections_) bytes += connection->held_bytes();
  for (const HttpConnection* connection : ended_) bytes += connection->held_bytes();
  audit.found(kPortOwner, bytes);
}

}  // namespace larder::net
