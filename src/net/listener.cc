#include "larder/net/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "sockets.h"

namespace larder::net {
namespace {

// The number of connections that one turn accepts from one listening socket, so that many new ones
// do not delay the existing ones.
constexpr int kMostAccepted = 64;

// The time without accepting after no descriptor was left for a new connection.
constexpr std::int64_t kAcceptRetryUs = 100'000;

// Whether an address cannot be used because this machine does not have its kind at all.
bool is_absent(int code) {
  return code == ENOPROTOOPT || code == EPROTONOSUPPORT || code == ESOCKTNOSUPPORT ||
         code == EPFNOSUPPORT || code == EAFNOSUPPORT;
}

}  // namespace

class Listeners::ListeningSocket final : public Watch, public Timer {
 public:
  ListeningSocket(Listeners& house, int listening, Transport transport)
      : parent_(house), socket_(listening), transport_(transport) {}

  ~ListeningSocket() override {
    parent_.loop_.cancel(*this);
    parent_.loop_.forget(*this);
    ::close(socket_);
  }

  void open() {
    if (descriptor() < 0) parent_.loop_.watch(socket_, kReadable, *this);
  }

  void on_ready(unsigned) override {
    for (int i = 0; i < kMostAccepted; ++i) {
      const int accepted = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted >= 0) {
        parent_.host_.on_accepted(accepted, transport_);
      } else if (errno != EINTR && errno != ECONNABORTED) {
        if (errno != EAGAIN && errno != EWOULDBLOCK) pause();
        return;
      }
    }
  }

  bool is_served_within() const override { return true; }

  std::int64_t on_time() override {
    parent_.loop_.change(*this, kReadable);
    return 0;
  }

 private:
  // Otherwise the connection that waits would make the socket ready in every turn.
  void pause() {
    parent_.log_.warning(std::string("Accepting client connection: ") + std::strerror(errno));
    parent_.loop_.change(*this, kNothing);
    parent_.loop_.start(*this, kAcceptRetryUs);
  }

  Listeners& parent_;
  int socket_;
  Transport transport_;
};

Listeners::ListeningSockets::ListeningSockets(Transport by) : transport(by) {}
Listeners::ListeningSockets::~ListeningSockets() = default;

Listeners::Listeners(Loop& loop, Host& host, base::Log& log)
    : loop_(loop), host_(host), log_(log) {}

Listeners::~Listeners() { close_unix(); }

base::Result<std::vector<int>> Listeners::open_tcp(const TcpPlace& place) {
  std::vector<int> opened;
  if (place.port == 0) return opened;
  for (const std::string& written : place.addresses) {
    const bool optional = written.size() > 1 && written[0] == '-';
    const std::string address = optional ? written.substr(1) : written;
    const Opened one = open_tcp_address(address, place);
    opened.insert(opened.end(), one.descriptors.begin(), one.descriptors.end());
    if (!one.descriptors.empty()) continue;
    log_.warning("Warning: Could not create server TCP listening socket " + address + ":" +
                 std::to_string(place.port) + ": " + one.error.text);
    if (is_absent(one.error.code) || (optional && one.error.code == EADDRNOTAVAIL)) continue;
    for (const int descriptor : opened) ::close(descriptor);
    return base::Error{one.error.text};
  }
  return opened;
}

base::Result<void> Listeners::move(ListeningSockets& side, const TcpPlace& place) {
  side.doors.clear();
  const auto opened = open_tcp(place);
  const auto kept = opened ? opened : open_tcp(side.place);
  if (kept) {
    for (const int descriptor : kept.value()) {
      side.doors.push_back(std::make_unique<ListeningSocket>(*this, descriptor, side.transport));
    }
  }
  if (open_) open();
  if (!opened) return opened.error();
  side.place = place;
  return {};
}

base::Result<void> Listeners::listen_unix(const UnixPlace& place) {
  if (place.path.empty()) return {};
  const Opened opened = open_unix_path(place);
  if (opened.descriptors.empty()) return base::Error{opened.error.text};
  unix_ =
      std::make_unique<ListeningSocket>(*this, opened.descriptors.front(), Transport::unix_socket);
  unix_place_ = place;
  if (open_) open();
  return {};
}

void Listeners::open() {
  open_ = true;
  for (const ListeningSockets* side : {&tcp_, &tls_}) {
    for (const auto& door : side->doors) door->open();
  }
  if (unix_ != nullptr) unix_->open();
}

void Listeners::close_tcp() {
  tcp_.doors.clear();
  tls_.doors.clear();
}

void Listeners::close_unix() {
  if (unix_ == nullptr) return;
  unix_.reset();
  ::unlink(unix_place_.path.c_str());
}

// Each kind has a fixed number, open or not.
std::string Listeners::describe() const {
  const auto line = [](int number, const char* name, const ListeningSockets& side) {
    if (side.doors.empty()) return std::string();
    std::string text = "listener" + std::to_string(number) + ":name=" + name;
    for (const std::string& address : side.place.addresses) text += ",bind=" + address;
    return text + ",port=" + std::to_string(side.place.port) + "\r\n";
  };
  std::string lines = line(0, "tcp", tcp_);
  if (unix_ != nullptr) lines += "listener1:name=unix,bind=" + unix_place_.path + "\r\n";
  return lines + line(2, "tls", tls_);
}

void warn_of_short_backlog(base::Log& log, int backlog) {
  std::ifstream file("/proc/sys/net/core/somaxconn");
  int most = 0;
  if (!(file >> most) || most <= 0 || most >= backlog) return;
  log.warning(
      "WARNING: The TCP backlog setting of " + std::to_string(backlog) +
      " cannot be enforced because /proc/sys/net/core/somaxconn is set to the lower value of " +
      std::to_string(most) + ".");
}

}  // namespace larder::net
