#pragma once

// TLS with OpenSSL: certificates and settings for all connections (Tls), and the TLS of one
// connection over its socket (TlsLink), which either a client or this server has opened.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "larder/base/log.h"
#include "larder/base/result.h"
#include "larder/memory/account.h"
#include "larder/net/tls_settings.h"

struct bio_method_st;
struct bio_st;
struct iovec;
struct ssl_ctx_st;
struct ssl_st;

namespace larder::net {

// OpenSSL's memory is charged to Owner::runtime, except what it allocates for a connection.
class Tls {
 public:
  // Installs the allocator in OpenSSL, which is possible only before OpenSSL has allocated
  // anything: construct it before the process uses more of OpenSSL than its plain digests.
  explicit Tls(base::Log& log);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Reads certificates, keys and settings. Connections from now on use them; existing ones keep
  // what they have, but older sessions cannot be resumed. A failure is logged, and the previous
  // settings stay. Costs about a millisecond.
  base::Result<void> configure(const TlsSettings& settings);
  bool is_configured() const { return context_ != nullptr; }

 private:
  friend class TlsLink;

  base::Log& log_;
  bio_method_st* method_;  // how OpenSSL reaches a TlsLink's socket
  ssl_ctx_st* context_ = nullptr;
  ssl_ctx_st* client_context_ = nullptr;  // of connections that this server opens
};

// Does not own the socket and never waits: the socket is non-blocking. An idle link holds no record
// buffers; all memory of OpenSSL for it is charged to Owner::client_input.
class TlsLink {
 public:
  // Which end this server is: it accepted the connection, or opened it and verifies the other end.
  enum class Side : std::uint8_t { server, client };
  // `tls` must be configured.
  TlsLink(Tls& tls, int socket, Side side = Side::server);
  ~TlsLink();
  TlsLink(const TlsLink&) = delete;
  TlsLink& operator=(const TlsLink&) = delete;

  enum class Step : std::uint8_t { wants_to_read, wants_to_write, done, failed };
  // Continues the handshake as far as the socket allows. One of its steps takes an operation with
  // the private key: 0.1 (elliptic curves) to 1 ms (RSA of 2048 bits). Must not be called after
  // `failed`.
  Step continue_handshake();
  bool in_handshake() const { return in_handshake_; }
  // The reason of the failure, in OpenSSL's words.
  const std::string& failure() const { return failure_; }

  // Like recv() and send() on a non-blocking socket: bytes, 0 at the end, or -1 and errno; EPROTO
  // if the input is not TLS. Only after the handshake.
  ssize_t receive(std::span<char> room);
  // Sends one record of at most 16 KiB from the pieces, which are the beginning of `unsent` bytes:
  // if more is left, the system may wait for it before it sends a packet that is not full. Output
  // that was refused with EAGAIN must be the beginning of the next call's pieces.
  ssize_t send(std::span<const iovec> pieces, std::uint64_t unsent);
  // receive() has more input although the socket may not be readable.
  bool has_unread() const;

  // Sends the close notification to the other end, if the socket accepts it.
  void send_close_notify();

  // "TLSv1.3"; for tests.
  std::string version() const;
  bool session_resumed() const;

  // Charged to client_input, in addition to the size of this object.
  std::size_t held_bytes() const { return account_.bytes(); }

 private:
  friend class Tls;
  static int read_socket(bio_st* bio, char* room, int size);
  static int write_socket(bio_st* bio, const char* bytes, int size);
  static long control(bio_st* bio, int command, long number, void* pointer);

  Step fail();

  enum class Unread : std::uint8_t { nothing, end, error };

  memory::Account account_;
  ssl_st* ssl_ = nullptr;
  int socket_;
  bool in_handshake_ = true;
  bool is_drained_ = false;          // the last read from the socket returned everything
  bool is_starved_ = false;          // OpenSSL does not have a complete record
  bool is_broken_ = false;           // nothing more can be sent
  bool more_follows_ = false;        // after the record that is sent
  Unread unread_ = Unread::nothing;  // followed bytes that were returned already
  std::string failure_;
};

}  // namespace larder::net
