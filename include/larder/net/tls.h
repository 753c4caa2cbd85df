#pragma once

// The server's side of TLS, by OpenSSL: certificates and rules for all connections (Tls), and the
// TLS of one connection over its socket (TlsLink).

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

// What OpenSSL holds is charged to Owner::runtime, but for what it takes for a connection.
class Tls {
 public:
  // Hands OpenSSL its allocator, which works only while OpenSSL has allocated nothing yet: build
  // it before the process uses more of OpenSSL than its plain digests.
  explicit Tls(base::Log& log);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // Reads certificates, keys and rules. Connections from now on use them; those that are there
  // keep what they have, but nobody takes up an older session. The log tells of a failure, and
  // what was used before stays. Costs about a millisecond.
  base::Result<void> configure(const TlsSettings& settings);
  // New connections are possible.
  bool is_configured() const { return context_ != nullptr; }

 private:
  friend class TlsLink;

  base::Log& log_;
  bio_method_st* method_;  // how OpenSSL reaches a TlsLink's socket
  ssl_ctx_st* context_ = nullptr;
};

// Takes no socket over, and waits for nothing: the socket does not block. An idle link holds no
// record buffers; all that OpenSSL holds for it is charged to Owner::client_input.
class TlsLink {
 public:
  // `tls` is configured.
  TlsLink(Tls& tls, int socket);
  ~TlsLink();
  TlsLink(const TlsLink&) = delete;
  TlsLink& operator=(const TlsLink&) = delete;

  enum class Step : std::uint8_t { wants_to_read, wants_to_write, done, failed };
  // Goes on with the handshake as far as the socket allows. One of its steps costs a private
  // key's operation: 0.1 (elliptic curves) to 1 ms (RSA of 2048 bits). Not to be called after
  // `failed`.
  Step shake_hands();
  bool is_shaking_hands() const { return shaking_hands_; }
  // Why it failed, in OpenSSL's words.
  const std::string& failure() const { return failure_; }

  // As recv() and send() on a socket that does not block: bytes, 0 at the end, or -1 and errno;
  // EPROTO for what is no TLS. After the handshake only.
  ssize_t receive(std::span<char> room);
  // Sends one record of at most 16 KiB of what stands in the pieces, which are the beginning of
  // `unsent` bytes: while more is left, the system may wait for it before it sends a packet that is
  // not full. What was refused with EAGAIN must be the beginning of the next call's pieces.
  ssize_t send(std::span<const iovec> pieces, std::uint64_t unsent);
  // receive() has more to give although the socket may not be readable.
  bool has_unread() const;

  // Tells the other end that nothing more comes, if the socket takes it.
  void say_goodbye();

  // "TLSv1.3"; for tests.
  std::string version() const;
  bool took_up_a_session() const;

  // Charged to client_input, beside the size of this object.
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
  bool shaking_hands_ = true;
  bool is_drained_ = false;          // the last look at the socket took all there was
  bool is_starved_ = false;          // what OpenSSL holds is not a whole record
  bool is_broken_ = false;           // no more can be said
  bool more_follows_ = false;        // behind the record that is sent
  Unread unread_ = Unread::nothing;  // came behind bytes that were given already
  std::string failure_;
};

}  // namespace larder::net
