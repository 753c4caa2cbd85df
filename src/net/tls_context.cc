#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>

namespace larder::net {
namespace {

using base::Error;
using base::Result;

// The identity of this server for sessions; sessions of other servers are not resumed.
constexpr unsigned char kSessionContext[] = "larder";

struct Version {
  const char* name;
  std::uint64_t off;
};
constexpr std::array<Version, 4> kVersions = {{{"tlsv1", SSL_OP_NO_TLSv1},
                                               {"tlsv1.1", SSL_OP_NO_TLSv1_1},
                                               {"tlsv1.2", SSL_OP_NO_TLSv1_2},
                                               {"tlsv1.3", SSL_OP_NO_TLSv1_3}}};

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::string lowered(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

Result<void> choose_versions(SSL_CTX* context, const std::string& words) {
  std::istringstream in(words.empty() ? "TLSv1.2 TLSv1.3" : words);
  std::uint64_t off = SSL_OP_NO_SSLv3;
  for (const Version& version : kVersions) off |= version.off;
  for (std::string word; in >> word;) {
    const auto* const found =
        std::find_if(kVersions.begin(), kVersions.end(),
                     [&](const Version& one) { return lowered(word) == one.name; });
    if (found == kVersions.end()) {
      return Error{
          "Invalid tls-protocols specified. Use a combination of 'TLSv1', 'TLSv1.1', 'TLSv1.2' and "
          "'TLSv1.3'."};
    }
    off &= ~found->off;
  }
  SSL_CTX_set_options(context, off);
  return {};
}

int give_password(char* room, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(room, text.data(), text.size());
  return static_cast<int>(text.size());
}

// A certificate with its key, and the password of the key.
struct Identity {
  const std::string& certificate;
  const std::string& key;
  std::string password;
};

Identity identity_of_server(const TlsSettings& settings) {
  return {settings.tls_cert_file.value(), settings.tls_key_file.value(),
          settings.tls_key_file_pass.value()};
}

Identity identity_of_client(const TlsSettings& settings) {
  if (settings.tls_client_cert_file.value().empty()) return identity_of_server(settings);
  return {settings.tls_client_cert_file.value(), settings.tls_client_key_file.value(),
          settings.tls_client_key_file_pass.value()};
}

Result<void> load_identity(SSL_CTX* context, Identity identity) {
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, &identity.password);
  const auto& [certificate, key, password] = identity;
  Result<void> loaded;
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) <= 0) {
    loaded = Error{"Failed to load certificate: " + certificate + ": " + take_tls_error()};
  } else if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) <= 0) {
    loaded = Error{"Failed to load private key: " + key + ": " + take_tls_error()};
  }
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  return loaded;
}

Result<void> load_authorities(SSL_CTX* context, const TlsSettings& settings) {
  const char* const file = or_null(settings.tls_ca_cert_file.value());
  const char* const folder = or_null(settings.tls_ca_cert_dir.value());
  if (file == nullptr && folder == nullptr) return {};
  if (SSL_CTX_load_verify_locations(context, file, folder) > 0) return {};
  return Error{"Failed to configure CA certificate(s) file/directory: " + take_tls_error()};
}

Result<void> load_parameters(SSL_CTX* context, const std::string& path) {
  if (path.empty()) return {};
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return Error{"Failed to load " + path + ": " + std::strerror(errno)};
  BIO* const bio = BIO_new_fp(file, BIO_CLOSE);
  EVP_PKEY* const parameters = PEM_read_bio_Parameters(bio, nullptr);
  BIO_free(bio);
  if (parameters == nullptr) return Error{path + ": failed to read DH params."};
  if (SSL_CTX_set0_tmp_dh_pkey(context, parameters) > 0) return {};
  EVP_PKEY_free(parameters);
  return Error{"Failed to load DH params file: " + path + ": " + take_tls_error()};
}

Result<void> choose_ciphers(SSL_CTX* context, const TlsSettings& settings) {
  const std::string& ciphers = settings.tls_ciphers.value();
  if (!ciphers.empty() && SSL_CTX_set_cipher_list(context, ciphers.c_str()) <= 0) {
    return Error{"Failed to configure ciphers: " + ciphers};
  }
  const std::string& suites = settings.tls_ciphersuites.value();
  if (!suites.empty() && SSL_CTX_set_ciphersuites(context, suites.c_str()) <= 0) {
    return Error{"Failed to configure ciphersuites: " + suites};
  }
  if (settings.tls_prefer_server_ciphers.value()) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  return {};
}

void choose_sessions(SSL_CTX* context, const TlsSettings& settings) {
  if (!settings.tls_session_caching.value()) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context, static_cast<long>(settings.tls_session_cache_size.value()));
  SSL_CTX_set_timeout(context, static_cast<long>(settings.tls_session_cache_timeout.value()));
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof kSessionContext - 1);
}

int verification(ClientCertificates wanted) {
  switch (wanted) {
    case ClientCertificates::no:
      return SSL_VERIFY_NONE;
    case ClientCertificates::optional:
      return SSL_VERIFY_PEER;
    case ClientCertificates::yes:
      break;
  }
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

Result<void> check(const TlsSettings& settings) {
  if (settings.tls_cert_file.value().empty()) return Error{"No tls-cert-file configured!"};
  if (settings.tls_key_file.value().empty()) return Error{"No tls-key-file configured!"};
  const bool asks = settings.tls_auth_clients.as<ClientCertificates>() != ClientCertificates::no;
  if (asks && settings.tls_ca_cert_file.value().empty() &&
      settings.tls_ca_cert_dir.value().empty()) {
    return Error{
        "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, "
        "tls-replication or tls-auth-clients are enabled!"};
  }
  return {};
}

Result<void> fill(SSL_CTX* context, const TlsSettings& settings, const Identity& identity) {
  // Records are read ahead as far as the buffer allows; idle connections hold no buffer.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  if (auto chosen = choose_versions(context, settings.tls_protocols.value()); !chosen) {
    return chosen;
  }
  if (auto loaded = load_identity(context, identity); !loaded) return loaded;
  if (auto loaded = load_authorities(context, settings); !loaded) return loaded;
  if (auto loaded = load_parameters(context, settings.tls_dh_params_file.value()); !loaded) {
    return loaded;
  }
  if (auto chosen = choose_ciphers(context, settings); !chosen) return chosen;
  choose_sessions(context, settings);
  SSL_CTX_set_verify(context, verification(settings.tls_auth_clients.as<ClientCertificates>()),
                     nullptr);
  return {};
}

}  // namespace

std::string take_tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return {};
  std::array<char, 256> text;
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

Result<TlsContext> make_tls_context(const TlsSettings& settings) {
  if (auto possible = check(settings); !possible) return possible.error();
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return Error{"Failed to start TLS: " + take_tls_error()};
  const auto filled = fill(context.get(), settings, identity_of_server(settings));
  ERR_clear_error();
  if (!filled) return filled.error();
  return context;
}

Result<TlsContext> make_tls_client_context(const TlsSettings& settings) {
  ERR_clear_error();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return Error{"Failed to start TLS: " + take_tls_error()};
  const auto filled = fill(context.get(), settings, identity_of_client(settings));
  ERR_clear_error();
  if (!filled) return filled.error();
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (settings.tls_ca_cert_file.value().empty() && settings.tls_ca_cert_dir.value().empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  }
  return context;
}

}  // namespace larder::net
