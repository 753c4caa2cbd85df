#pragma once

// Connections with TLS over sockets, in a room of the engine.

#include <csignal>
#include <memory>
#include <vector>

#include "larder/engine/access_control.h"
#include "larder/net/connections.h"
#include "larder/net/loop.h"
#include "larder/net/tls.h"
#include "tests/engine/room.h"
#include "tests/net/line.h"
#include "tests/net/tls_client.h"

namespace larder::net {

class TlsTest : public engine::Room {
 protected:
  using Client = std::unique_ptr<TlsClient>;

  TlsTest() {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_TRUE(log.write_to(folder.path("log")));
    authority.write(folder.path("ca.crt"), folder.path("ca.key"));
    install(server);
    settings.tls_ca_cert_file.value(folder.path("ca.crt"));
    settings.tls_auth_clients.value(static_cast<int>(ClientCertificates::no));
    EXPECT_TRUE(tls.configure(settings));
  }

  void install(const Identity& identity, const std::string& password = {}) {
    identity.write(folder.path("server.crt"), folder.path("server.key"), password);
    settings.tls_cert_file.value(folder.path("server.crt"));
    settings.tls_key_file.value(folder.path("server.key"));
  }
  void ask_for_certificates(ClientCertificates how) {
    settings.tls_auth_clients.value(static_cast<int>(how));
    ASSERT_TRUE(tls.configure(settings));
  }

  // The client's end.
  int accept(Transport transport) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    connections.on_accepted(ends[0], transport);
    return ends[1];
  }
  Client come(const TlsClient::Wishes& wishes = {}) {
    return std::make_unique<TlsClient>(accept(Transport::tls), wishes);
  }
  // Connects, and completes the handshake of both ends.
  Client connect(const TlsClient::Wishes& wishes = {}) {
    Client client = come(wishes);
    for (int i = 0; i < 10 && !client->continue_handshake() && !client->closed(); ++i) turns(1);
    turns(3);
    return client;
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) {
      loop->run_once(0);
      left = connections.end_turn();
      executor.end_turn();
    }
  }
  std::string talk(TlsClient& client, std::string_view bytes) {
    client.write(bytes);
    turns(3);
    return client.read();
  }
  std::string talk(const Client& client, std::string_view bytes) { return talk(*client, bytes); }
  // Whether a client with these options is served.
  bool is_served(const TlsClient::Wishes& wishes) {
    const Client client = connect(wishes);
    return talk(client, "get nothing\r\n") == "$-1\r\n";
  }
  // Whether a second connection resumes the session of a first one.
  bool takes_up(int version, bool takes_tickets = true) {
    const Client first = connect({.version = version, .takes_tickets = takes_tickets});
    EXPECT_EQ(talk(first, "get nothing\r\n"), "$-1\r\n");
    const ClientSession kept = first->session();
    const Client second =
        connect({.version = version, .session = kept.get(), .takes_tickets = takes_tickets});
    EXPECT_EQ(talk(second, "get nothing\r\n"), "$-1\r\n");
    return second->session_resumed();
  }
  void expect_balance() {
    memory::Auditor auditor;
    auditor.add(keyspace);
    auditor.add(pool_bytes);
    auditor.add(waiters);
    auditor.add(connections);
    pool.trim();
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }
  // The capacity that the lists of connections keep.
  static constexpr std::size_t kLists = 64;
  std::size_t bytes_of_clients() const {
    return static_cast<std::size_t>(memory::balance(memory::Owner::client_input));
  }
  bool is_logged(const std::string& text) const {
    return folder.read("log").find(text) != std::string::npos;
  }

  Folder folder;
  base::Log log;
  // Before anything else touches OpenSSL.
  Tls tls{log};
  Identity authority{"authority"};
  Identity server{"one", &authority};
  TlsSettings settings{registry};
  Settings net_settings{registry};
  Metrics net_metrics{reporter};
  struct AnyUser final : engine::Credentials {
    bool password_required() const override { return false; }
    void admit(engine::Session& session) const override { session.logged_in = true; }
  };
  AnyUser credentials;
  std::unique_ptr<Loop> loop = make_epoll_loop(clock);
  TurnWork left = TurnWork::nothing;
  Connections connections{{*loop, log, executor, sessions, credentials, net_settings,
                           eviction_settings, net_metrics, &tls}};
};

}  // namespace larder::net
