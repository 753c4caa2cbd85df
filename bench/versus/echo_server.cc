// versus_echo PORT: sends back what it receives, by plain epoll. The ceiling for any server
// that is driven over loopback in the same way.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

int listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  return bound && listen(fd, 511) == 0 ? fd : -1;
}

void watch(int poll, int fd) {
  epoll_event event{EPOLLIN, {.fd = fd}};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
}

void echo(int fd, std::vector<char>& buffer) {
  const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
  if (n <= 0) {
    close(fd);
    return;
  }
  for (ssize_t sent = 0; sent < n;) {
    const ssize_t more =
        send(fd, buffer.data() + sent, static_cast<std::size_t>(n - sent), MSG_NOSIGNAL);
    if (more <= 0) return;
    sent += more;
  }
}

void serve(int listener) {
  const int poll = epoll_create1(0);
  watch(poll, listener);
  std::vector<char> buffer(64 * 1024);
  std::array<epoll_event, 64> events;
  while (true) {
    const int n = epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd != listener) {
        echo(fd, buffer);
        continue;
      }
      const int accepted = accept(listener, nullptr, nullptr);
      const int on = 1;
      setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      watch(poll, accepted);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const int listener = count == 2 ? listen_on(std::atoi(arguments[1])) : -1;
  if (listener < 0) {
    std::fputs("versus_echo PORT\n", stderr);
    return 1;
  }
  serve(listener);
}
