#pragma once

// The directives of TLS.

#include <climits>

#include "larder/config/config.h"

namespace larder::net {

enum class ClientCertificates { no, yes, optional };

struct TlsSettings : config::Group {
  explicit TlsSettings(config::Registry& registry) : Group(registry, "TLS") {}

  config::Integer tls_port{*this,
                           {.name = "tls-port",
                            .fallback = 0,
                            .range = {0, 65535},
                            .traits = config::kNotActing,
                            .help = "Port for TLS; 0 listens to none."}};
  config::Toggle tls_cluster{*this,
                             {.name = "tls-cluster",
                              .fallback = false,
                              .traits = config::kNotActing,
                              .help = "Use TLS on the cluster bus."}};
  config::Toggle tls_replication{*this,
                                 {.name = "tls-replication",
                                  .fallback = false,
                                  .traits = config::kNotActing,
                                  .help = "Use TLS on the link to the primary."}};
  config::Text tls_cert_file{*this,
                             {.name = "tls-cert-file",
                              .traits = config::kNotActing,
                              .help = "Certificate of the server, PEM."}};
  config::Text tls_key_file{*this,
                            {.name = "tls-key-file",
                             .traits = config::kNotActing,
                             .help = "Private key of the server's certificate, PEM."}};
  config::Text tls_key_file_pass{*this,
                                 {.name = "tls-key-file-pass",
                                  .traits = config::kSensitive | config::kNotActing,
                                  .help = "Password of the private key."}};
  config::Text tls_client_cert_file{*this,
                                    {.name = "tls-client-cert-file",
                                     .traits = config::kNotActing,
                                     .help = "Certificate for connections to other servers; "
                                             "empty uses the server's."}};
  config::Text tls_client_key_file{*this,
                                   {.name = "tls-client-key-file",
                                    .traits = config::kNotActing,
                                    .help = "Private key of that certificate."}};
  config::Text tls_client_key_file_pass{*this,
                                        {.name = "tls-client-key-file-pass",
                                         .traits = config::kSensitive | config::kNotActing,
                                         .help = "Password of that private key."}};
  config::Text tls_dh_params_file{*this,
                                  {.name = "tls-dh-params-file",
                                   .traits = config::kNotActing,
                                   .help = "Parameters for Diffie-Hellman with old OpenSSL."}};
  config::Text tls_ca_cert_file{*this,
                                {.name = "tls-ca-cert-file",
                                 .traits = config::kNotActing,
                                 .help = "Certificates that the other side's are checked "
                                         "against."}};
  config::Text tls_ca_cert_dir{*this,
                               {.name = "tls-ca-cert-dir",
                                .traits = config::kNotActing,
                                .help = "A folder of such certificates."}};
  config::Choice tls_auth_clients{*this,
                                  {.name = "tls-auth-clients",
                                   .fallback = 1,
                                   .words = {"no", "yes", "optional"},
                                   .traits = config::kNotActing,
                                   .help = "Whether clients must show a certificate."}};
  config::Text tls_protocols{*this,
                             {.name = "tls-protocols",
                              .traits = config::kNotActing,
                              .help = "Versions of TLS that are spoken; empty is TLSv1.2 and "
                                      "TLSv1.3."}};
  config::Text tls_ciphers{*this,
                           {.name = "tls-ciphers",
                            .traits = config::kNotActing,
                            .help = "Ciphers up to TLSv1.2; empty is OpenSSL's choice."}};
  config::Text tls_ciphersuites{*this,
                                {.name = "tls-ciphersuites",
                                 .traits = config::kNotActing,
                                 .help = "Cipher suites of TLSv1.3; empty is OpenSSL's choice."}};
  config::Toggle tls_prefer_server_ciphers{*this,
                                           {.name = "tls-prefer-server-ciphers",
                                            .fallback = false,
                                            .traits = config::kNotActing,
                                            .help = "Let the server choose the cipher."}};
  config::Toggle tls_session_caching{*this,
                                     {.name = "tls-session-caching",
                                      .fallback = true,
                                      .traits = config::kNotActing,
                                      .help = "Let clients take up an earlier session."}};
  config::Integer tls_session_cache_size{*this,
                                         {.name = "tls-session-cache-size",
                                          .fallback = 20480,
                                          .range = {0, INT_MAX},
                                          .traits = config::kNotActing,
                                          .help = "Sessions that are kept; 0 is no limit."}};
  config::Integer tls_session_cache_timeout{*this,
                                            {.name = "tls-session-cache-timeout",
                                             .fallback = 300,
                                             .range = {0, INT_MAX},
                                             .traits = config::kNotActing,
                                             .help = "Seconds that a session is kept."}};
};

}  // namespace larder::net
