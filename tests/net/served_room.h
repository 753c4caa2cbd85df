#pragma once

// The engine with connections over socket pairs; the test runs each turn of the loop.

#include <sys/socket.h>

#include <memory>
#include <string>

#include "larder/engine/access_control.h"
#include "larder/net/connections.h"
#include "larder/net/loop.h"
#include "tests/engine/room.h"
#include "tests/net/line.h"

namespace larder::net {

class ServedRoom : public engine::Room {
 protected:
  ServedRoom() : ServedRoom(nullptr) {}
  explicit ServedRoom(base::Clock* loop_clock)
      : loop(make_epoll_loop(loop_clock == nullptr ? clock : *loop_clock)) {
    log.level(base::LogLevel::nothing);
  }

  Line connect() { return connect_to(connections); }
  static Line connect_to(Connections& server) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    server.on_accepted(ends[0], Transport::unix_socket);
    return Line(ends[1]);
  }
  void expect_balance() {
    memory::Auditor auditor;
    auditor.add(keyspace);
    auditor.add(pool_bytes);
    auditor.add(waiters);
    auditor.add(connections);
    auditor.add(texts);
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }

  struct AnyUser final : engine::Credentials {
    bool password_required() const override { return false; }
    void admit(engine::Session& session) const override { session.logged_in = true; }
  };

  resp::SharedTexts texts{memory::Owner::pubsub};
  Settings net_settings{registry};
  Metrics net_metrics{reporter};
  AnyUser credentials;
  base::Log log;
  std::unique_ptr<Loop> loop;
  Connections connections{
      {*loop, log, executor, sessions, credentials, net_settings, eviction_settings, net_metrics}};
};

}  // namespace larder::net
