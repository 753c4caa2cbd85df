#include "larder/net/listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace larder::net {
namespace {

struct RecordingHost final : Host {
  ~RecordingHost() {
    for (const int descriptor : accepted) ::close(descriptor);
  }
  void on_accepted(int descriptor, Transport transport) override {
    accepted.push_back(descriptor);
    transports.push_back(transport);
  }
  std::vector<int> accepted;
  std::vector<Transport> transports;
};

int connect_tcp(int port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    return descriptor;
  }
  ::close(descriptor);
  return -1;
}

// A port that is currently free.
int free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() { log.level(base::LogLevel::nothing); }

  base::ManualClock clock;
  std::unique_ptr<Loop> loop = make_epoll_loop(clock);
  base::Log log;
  RecordingHost host;
  Listeners listeners{*loop, host, log};
};

TEST_F(ListenerTest, AcceptsTcpConnectionsOnceItIsOpen) {
  const int port = free_port();
  ASSERT_TRUE(listeners.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}));
  const int client = connect_tcp(port);
  ASSERT_GE(client, 0);
  loop->run_once(0);
  EXPECT_TRUE(host.accepted.empty());
  listeners.open();
  loop->run_once(100'000);
  EXPECT_EQ(host.transports, std::vector<Transport>{Transport::tcp});
  EXPECT_EQ(listeners.describe(),
            "listener0:name=tcp,bind=127.0.0.1,port=" + std::to_string(port) + "\r\n");
  ::close(client);
}

TEST_F(ListenerTest, PortZeroDoesNotListen) {
  ASSERT_TRUE(listeners.listen_tcp({.addresses = {"127.0.0.1"}, .port = 0}));
  EXPECT_FALSE(listeners.has_tcp());
}

TEST_F(ListenerTest, SkipsOptionalAddressesOnly) {
  const int port = free_port();
  EXPECT_TRUE(listeners.listen_tcp({.addresses = {"127.0.0.1", "-192.0.2.1"}, .port = port}));
  EXPECT_TRUE(listeners.has_tcp());
  EXPECT_FALSE(listeners.listen_tcp({.addresses = {"127.0.0.1", "192.0.2.1"}, .port = port}));
}

TEST_F(ListenerTest, KeepsTheOldAddressIfTheNewOneIsInUse) {
  const int port = free_port();
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  socklen_t size = sizeof address;
  ::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size);

  ASSERT_TRUE(listeners.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}));
  listeners.open();
  EXPECT_FALSE(listeners.listen_tcp({.addresses = {"127.0.0.1"}, .port = ntohs(address.sin_port)}));
  const int client = connect_tcp(port);
  EXPECT_GE(client, 0);
  loop->run_once(100'000);
  EXPECT_EQ(host.accepted.size(), 1u);
  ::close(client);
  ::close(taken);
}

TEST_F(ListenerTest, SetsThePermissionsOfTheUnixSocketAndRemovesIt) {
  const std::string path = "/tmp/larder_listener_" + std::to_string(::getpid());
  ASSERT_TRUE(listeners.listen_unix({.path = path, .mode = 0700}));
  struct stat found {};
  ASSERT_EQ(::stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
  listeners.close_unix();
  EXPECT_NE(::stat(path.c_str(), &found), 0);
}

// A thread checks the file as often as it can while sockets are created and removed.
TEST_F(ListenerTest, TheUnixSocketNeverHasOtherPermissions) {
  constexpr int kSockets = 500;
  const std::string path = "/tmp/larder_listener_race_" + std::to_string(::getpid());
  std::atomic<bool> done = false;
  std::atomic<unsigned> seen = 0;
  std::thread looking([&] {
    struct stat found {};
    while (!done) {
      if (::stat(path.c_str(), &found) == 0) seen |= found.st_mode & 0777u;
    }
  });
  for (int i = 0; i < kSockets; ++i) {
    ASSERT_TRUE(listeners.listen_unix({.path = path, .mode = 0700}));
    listeners.close_unix();
  }
  done = true;
  looking.join();
  EXPECT_EQ(seen & ~0700u, 0u);
}

TEST_F(ListenerTest, RejectsAPathThatIsTooLong) {
  const auto opened = listeners.listen_unix({.path = "/tmp/" + std::string(120, 'x')});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().text, "bind: File name too long");
}

TEST_F(ListenerTest, PausesAcceptingWhenDescriptorsRunOut) {
  const int port = free_port();
  ASSERT_TRUE(listeners.listen_tcp({.addresses = {"127.0.0.1"}, .port = port}));
  listeners.open();
  const int client = connect_tcp(port);
  ASSERT_GE(client, 0);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &none);
  loop->run_once(100'000);
  const auto served = loop->figures().turns;
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(host.accepted.empty());
  loop->run_once(0);
  EXPECT_TRUE(host.accepted.empty())
      << "accepting continued for " << served << " turns after the pause";
  clock.advance_ms(100);
  loop->run_once(0);
  loop->run_once(100'000);
  EXPECT_EQ(host.accepted.size(), 1u);
  ::close(client);
}

}  // namespace
}  // namespace larder::net
