#pragma once

// Makes OpenSSL's context of the directives.

#include <openssl/ssl.h>

#include <memory>

#include "larder/base/result.h"
#include "larder/net/tls_settings.h"

namespace larder::net {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeContext>;

// Reads all files. The error is the line for the log; OpenSSL's queue of errors is empty
// afterwards.
base::Result<TlsContext> make_tls_context(const TlsSettings& settings);

// The oldest of OpenSSL's errors as text, and the queue emptied; empty when there is none.
std::string take_tls_error();

}  // namespace larder::net
