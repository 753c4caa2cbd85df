#pragma once

// The directives of TLS.

#include <climits>

#include "larder/config/config.h"

namespace larder::net {

enum class ClientCertificates { no, yes, optional };

struct TlsSettings : config::Group {
  explicit TlsSettings(config::Registry& registry) : Group(registry, "TLS") {}

  config::Integer tls_port{
      *this,
      {.name = "tls-port",
       .fallback = 0,
       .range = {0, 65535},
       .help = "TCP port for TLS; 0 means none. Needs tls-cert-file and tls-key-file."}};
  config::Toggle tls_cluster{*this,
                             {.name = "tls-cluster",
                              .fallback = false,
                              .traits = config::kNotActing,
                              .help = "Use TLS on the cluster bus."}};
  config::Toggle tls_replication{*this,
                                 {.name = "tls-replication",
                                  .fallback = false,
                                  .help = "Use TLS on the link to the primary."}};
  config::Text tls_cert_file{
      *this,
      {.name = "tls-cert-file",
       .traits = config::kProtected | config::kNamesAFile,
       .help = "Certificate of the server, PEM, followed by intermediate certificates. Setting it "
               "again, even to the same name, reloads all files."}};
  config::Text tls_key_file{*this,
                            {.name = "tls-key-file",
                             .traits = config::kProtected | config::kNamesAFile,
                             .help = "Private key of the server's certificate, PEM."}};
  config::Text tls_key_file_pass{*this,
                                 {.name = "tls-key-file-pass",
                                  .traits = config::kSensitive,
                                  .help = "Password of the private key, if it has one."}};
  config::Text tls_client_cert_file{*this,
                                    {.name = "tls-client-cert-file",
                                     .traits = config::kProtected | config::kNamesAFile,
                                     .help = "Certificate for connections to other servers; "
                                             "empty uses the server's."}};
  config::Text tls_client_key_file{*this,
                                   {.name = "tls-client-key-file",
                                    .traits = config::kProtected | config::kNamesAFile,
                                    .help = "Private key of tls-client-cert-file."}};
  config::Text tls_client_key_file_pass{*this,
                                        {.name = "tls-client-key-file-pass",
                                         .traits = config::kSensitive,
                                         .help = "Password of tls-client-key-file."}};
  config::Text tls_dh_params_file{*this,
                                  {.name = "tls-dh-params-file",
                                   .traits = config::kProtected | config::kNamesAFile,
                                   .help = "Parameters, PEM, for finite field Diffie-Hellman; "
                                           "without them TLSv1.2 uses only elliptic curves."}};
  config::Text tls_ca_cert_file{
      *this,
      {.name = "tls-ca-cert-file",
       .traits = config::kProtected | config::kNamesAFile,
       .help = "Certificates, PEM, of the authorities that may issue client certificates."}};
  config::Text tls_ca_cert_dir{
      *this,
      {.name = "tls-ca-cert-dir",
       .traits = config::kProtected | config::kNamesAFile,
       .help = "Folder of such certificates, named by their hashes as by openssl rehash."}};
  config::Choice tls_auth_clients{
      *this,
      {.name = "tls-auth-clients",
       .fallback = 1,
       .words = {"no", "yes", "optional"},
       .help = "Whether clients must have a certificate: yes, no (none is requested), or optional "
               "(it is verified if there is one)."}};
  config::Text tls_protocols{*this,
                             {.name = "tls-protocols",
                              .help = "Versions of TLS that are allowed, separated by spaces; "
                                      "empty means TLSv1.2 and TLSv1.3."}};
  config::Text tls_ciphers{
      *this,
      {.name = "tls-ciphers", .help = "Ciphers up to TLSv1.2; empty means OpenSSL's default."}};
  config::Text tls_ciphersuites{
      *this,
      {.name = "tls-ciphersuites",
       .help = "Cipher suites of TLSv1.3; empty means OpenSSL's default."}};
  config::Toggle tls_prefer_server_ciphers{*this,
                                           {.name = "tls-prefer-server-ciphers",
                                            .fallback = false,
                                            .help = "Let the server choose the cipher."}};
  config::Toggle tls_session_caching{
      *this,
      {.name = "tls-session-caching",
       .fallback = true,
       .help = "Let clients resume an earlier session, by tickets or from the cache, which avoids "
               "most of a handshake."}};
  config::Integer tls_session_cache_size{
      *this,
      {.name = "tls-session-cache-size",
       .fallback = 20480,
       .range = {0, INT_MAX},
       .help = "Maximum number of sessions in the cache; 0 means no limit."}};
  config::Integer tls_session_cache_timeout{
      *this,
      {.name = "tls-session-cache-timeout",
       .fallback = 300,
       .range = {0, INT_MAX},
       .help = "Seconds for which a session can be resumed."}};
};

// Whether connections use TLS: accepted ones, or that to the primary.
inline bool uses_tls(const TlsSettings& settings) {
  return settings.tls_port.value() != 0 || settings.tls_replication.value();
}

}  // namespace larder::net
