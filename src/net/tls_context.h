#pragma once

// Creates OpenSSL's context from the directives.

#include <openssl/ssl.h>

#include <memory>

#include "larder/base/result.h"
#include "larder/net/tls_settings.h"

namespace larder::net {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeContext>;

// Reads all files. The error is the line for the log; OpenSSL's error queue is empty afterwards.
base::Result<TlsContext> make_tls_context(const TlsSettings& settings);
// The same for connections that this server opens: the other end must have a certificate that the
// configured authorities, or without any the system's, have issued.
base::Result<TlsContext> make_tls_client_context(const TlsSettings& settings);

// The oldest error of OpenSSL's queue as text, and clears the queue; empty if there is none.
std::string take_tls_error();

}  // namespace larder::net
