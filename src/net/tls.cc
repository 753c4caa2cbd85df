#include "larder/net/tls.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "larder/base/assert.h"
#include "sockets.h"
#include "tls_context.h"

namespace larder::net {
namespace {

constexpr std::size_t kMostInRecord = 16 * 1024;

void* take(std::size_t bytes, const char*, int) { return memory::library_malloc(bytes); }
void* resize(void* block, std::size_t bytes, const char*, int) {
  return memory::library_realloc(block, bytes);
}
void give_back(void* block, const char*, int) { memory::library_free(block); }

}  // namespace

Tls::Tls(base::Log& log) : log_(log) {
  // Fails after OpenSSL has allocated, for example if this was called before.
  CRYPTO_set_mem_functions(take, resize, give_back);
  method_ = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
  BIO_meth_set_read(method_, TlsLink::read_socket);
  BIO_meth_set_write(method_, TlsLink::write_socket);
  BIO_meth_set_ctrl(method_, TlsLink::control);
}

Tls::~Tls() {
  SSL_CTX_free(context_);
  SSL_CTX_free(client_context_);
  BIO_meth_free(method_);
}

base::Result<void> Tls::configure(const TlsSettings& settings) {
  auto made = make_tls_context(settings);
  auto made_for_client = made ? make_tls_client_context(settings) : made.error();
  if (!made_for_client) {
    log_.warning(made_for_client.error().text);
    return made_for_client.error();
  }
  SSL_CTX_free(context_);
  context_ = made.value().release();
  SSL_CTX_free(client_context_);
  client_context_ = made_for_client.value().release();
  return {};
}

TlsLink::TlsLink(Tls& tls, int socket, Side side)
    : account_(memory::Owner::client_input), socket_(socket) {
  const auto scope = account_.charge_to();
  ssl_ = SSL_new(side == Side::server ? tls.context_ : tls.client_context_);
  LARDER_ASSERT(ssl_ != nullptr);
  BIO* const bio = BIO_new(tls.method_);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  side == Side::server ? SSL_set_accept_state(ssl_) : SSL_set_connect_state(ssl_);
}

TlsLink::~TlsLink() {
  const auto scope = account_.charge_to();
  SSL_free(ssl_);
}

// Level-triggered epoll reports bytes that arrive after a read that returned everything.
int TlsLink::read_socket(BIO* bio, char* room, int size) {
  auto& link = *static_cast<TlsLink*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (link.is_drained_) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const ssize_t got = ::recv(link.socket_, room, static_cast<std::size_t>(size), MSG_DONTWAIT);
  link.is_drained_ = got < size;
  if (got < 0 && would_block(errno)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int TlsLink::write_socket(BIO* bio, const char* bytes, int size) {
  auto& link = *static_cast<TlsLink*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (link.more_follows_ ? MSG_MORE : 0);
  const ssize_t sent = ::send(link.socket_, bytes, static_cast<std::size_t>(size), flags);
  if (sent < 0 && would_block(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long TlsLink::control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

TlsLink::Step TlsLink::continue_handshake() {
  const auto scope = account_.charge_to();
  is_drained_ = false;
  errno = 0;
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    in_handshake_ = false;
    return Step::done;
  }
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Step::wants_to_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::wants_to_write;
    default:
      return fail();
  }
}

TlsLink::Step TlsLink::fail() {
  const int system_error = errno;
  is_broken_ = true;
  failure_ = take_tls_error();
  if (failure_.empty()) {
    failure_ = system_error != 0 ? std::strerror(system_error) : "Connection closed";
  }
  return Step::failed;
}

bool TlsLink::has_unread() const {
  if (unread_ != Unread::nothing) return true;
  return !is_starved_ && SSL_has_pending(ssl_) != 0;
}

ssize_t TlsLink::receive(std::span<char> room) {
  const auto scope = account_.charge_to();
  std::size_t got = 0;
  is_drained_ = false;
  is_starved_ = false;
  while (got < room.size() && unread_ == Unread::nothing) {
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_, room.data() + got, room.size() - got, &size);
    got += size;
    if (result == 1) {
      if (is_drained_ && SSL_has_pending(ssl_) == 0) break;
      continue;
    }
    const int reason = SSL_get_error(ssl_, result);
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
      is_starved_ = true;
      break;
    }
    // An end without a close notification counts as an end: the requests before it are complete.
    const bool ended = reason == SSL_ERROR_ZERO_RETURN ||
                       ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    unread_ = ended ? Unread::end : Unread::error;
    is_broken_ = reason != SSL_ERROR_ZERO_RETURN;
    ERR_clear_error();
  }
  if (got > 0) return static_cast<ssize_t>(got);
  if (unread_ == Unread::nothing) {
    errno = EAGAIN;
    return -1;
  }
  errno = EPROTO;
  return unread_ == Unread::end ? 0 : -1;
}

ssize_t TlsLink::send(std::span<const iovec> pieces, std::uint64_t unsent) {
  // Small pieces share a record; a large one gets records of its own.
  std::array<char, kMostInRecord> gathered;
  std::string_view record(static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len);
  if (record.size() < kMostInRecord / 2 && pieces.size() > 1) {
    std::size_t size = 0;
    for (const iovec& piece : pieces) {
      const std::size_t taken = std::min(piece.iov_len, gathered.size() - size);
      std::memcpy(gathered.data() + size, piece.iov_base, taken);
      size += taken;
    }
    record = {gathered.data(), size};
  }
  record = record.substr(0, kMostInRecord);
  const auto scope = account_.charge_to();
  errno = 0;
  more_follows_ = unsent > record.size();
  std::size_t sent = 0;
  const int result = SSL_write_ex(ssl_, record.data(), record.size(), &sent);
  more_follows_ = false;
  if (result == 1) return static_cast<ssize_t>(sent);
  const int reason = SSL_get_error(ssl_, result);
  if (reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ) {
    errno = EAGAIN;
    return -1;
  }
  is_broken_ = true;
  ERR_clear_error();
  if (errno == 0) errno = EPROTO;
  return -1;
}

void TlsLink::send_close_notify() {
  if (is_broken_ || in_handshake_) return;
  const auto scope = account_.charge_to();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string TlsLink::version() const { return SSL_get_version(ssl_); }
bool TlsLink::session_resumed() const { return SSL_session_reused(ssl_) != 0; }

}  // namespace larder::net
