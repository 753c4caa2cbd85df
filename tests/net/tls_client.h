#pragma once

// The client's end of a TLS connection; it never blocks.

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/net/certificates.h"

namespace larder::net {

struct FreeSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using ClientSession = std::unique_ptr<SSL_SESSION, FreeSession>;

class TlsClient {
 public:
  struct Wishes {
    const Identity* identity = nullptr;  // to present
    int version = 0;                     // TLS1_3_VERSION, for instance; 0: any
    SSL_SESSION* session = nullptr;      // to resume
    bool takes_tickets = true;
  };

  TlsClient(int socket, const Wishes& wishes)
      : socket_(socket), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_CLIENT);
    if (!wishes.takes_tickets) SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
    if (wishes.version != 0) {
      SSL_CTX_set_min_proto_version(context_, wishes.version);
      SSL_CTX_set_max_proto_version(context_, wishes.version);
    }
    if (wishes.identity != nullptr) {
      SSL_CTX_use_certificate(context_, wishes.identity->certificate());
      SSL_CTX_use_PrivateKey(context_, wishes.identity->key());
    }
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket);
    SSL_set_connect_state(ssl_);
    if (wishes.session != nullptr) SSL_set_session(ssl_, wishes.session);
  }
  ~TlsClient() {
    close();
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // One step of the handshake; true when this end has finished it.
  bool continue_handshake() { return note(SSL_do_handshake(ssl_)); }
  // Sends as many bytes as are accepted; returns how many.
  std::size_t write(std::string_view bytes) {
    std::size_t total = 0;
    while (total < bytes.size()) {
      std::size_t taken = 0;
      if (!note(SSL_write_ex(ssl_, bytes.data() + total, bytes.size() - total, &taken))) break;
      total += taken;
    }
    return total;
  }
  std::string read() {
    std::string all;
    std::string piece(64 * 1024, '\0');
    std::size_t size = 0;
    while (note(SSL_read_ex(ssl_, piece.data(), piece.size(), &size))) all.append(piece, 0, size);
    return all;
  }
  // Bypasses TLS.
  std::size_t write_raw(std::string_view bytes) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void renew_keys() {
    SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
    continue_handshake();
  }
  void send_close_notify() { SSL_shutdown(ssl_); }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  // The other end is closed, or has sent bytes that are not TLS.
  bool closed() const { return closed_; }
  bool was_told_goodbye() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
  bool session_resumed() const { return SSL_session_reused(ssl_) != 0; }
  std::string version() const { return SSL_get_version(ssl_); }
  ClientSession session() const { return ClientSession(SSL_get1_session(ssl_)); }
  // The name in the server's certificate.
  std::string server_name() const {
    char name[64] = "";
    X509* const shown = SSL_get0_peer_certificate(ssl_);
    if (shown == nullptr) return name;
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    return name;
  }

 private:
  bool note(int result) {
    if (result == 1) return true;
    const int reason = SSL_get_error(ssl_, result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) closed_ = true;
    ERR_clear_error();
    return false;
  }

  int socket_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
  bool closed_ = false;
};

}  // namespace larder::net
