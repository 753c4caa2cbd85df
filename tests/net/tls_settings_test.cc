// The directives of TLS: certificates, protocols, ciphers and sessions.

#include <csignal>
#include <memory>
#include <vector>

#include "tests/net/tls_room.h"

namespace larder::net {
namespace {

TEST_F(TlsTest, TlsAuthClientsIsObeyed) {
  const Identity known("client", &authority);
  const Identity untrusted("untrusted");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    ask_for_certificates(ClientCertificates::no);
    EXPECT_TRUE(is_served({.version = version}));
    EXPECT_TRUE(is_served({.identity = &untrusted, .version = version}));
    ask_for_certificates(ClientCertificates::yes);
    EXPECT_FALSE(is_served({.version = version}));
    EXPECT_FALSE(is_served({.identity = &untrusted, .version = version}));
    EXPECT_TRUE(is_served({.identity = &known, .version = version}));
    ask_for_certificates(ClientCertificates::optional);
    EXPECT_TRUE(is_served({.version = version}));
    EXPECT_FALSE(is_served({.identity = &untrusted, .version = version}));
    EXPECT_TRUE(is_served({.identity = &known, .version = version}));
  }
  EXPECT_TRUE(is_logged("peer did not return a certificate"));
  EXPECT_TRUE(is_logged("certificate verify failed"));
  expect_balance();
}

TEST_F(TlsTest, ClientCertificatesRequireAnAuthority) {
  settings.tls_ca_cert_file.value("");
  settings.tls_auth_clients.value(static_cast<int>(ClientCertificates::yes));
  EXPECT_FALSE(tls.configure(settings));
  EXPECT_TRUE(is_logged("Either tls-ca-cert-file or tls-ca-cert-dir must be specified"));
}

TEST_F(TlsTest, TlsProtocolsIsObeyed) {
  EXPECT_TRUE(is_served({.version = TLS1_2_VERSION}));
  EXPECT_TRUE(is_served({.version = TLS1_3_VERSION}));
  settings.tls_protocols.value("TLSv1.2");
  ASSERT_TRUE(tls.configure(settings));
  EXPECT_TRUE(is_served({.version = TLS1_2_VERSION}));
  EXPECT_FALSE(is_served({.version = TLS1_3_VERSION}));
  settings.tls_protocols.value("tlsv1.3");
  ASSERT_TRUE(tls.configure(settings));
  EXPECT_FALSE(is_served({.version = TLS1_2_VERSION}));
  EXPECT_TRUE(is_served({.version = TLS1_3_VERSION}));
  settings.tls_protocols.value("TLSv1.3 TLSv9");
  EXPECT_FALSE(tls.configure(settings));
  EXPECT_TRUE(is_logged("Invalid tls-protocols specified."));
}

TEST_F(TlsTest, CipherDirectivesAreObeyed) {
  settings.tls_ciphers.value("ECDHE-ECDSA-CHACHA20-POLY1305");
  settings.tls_ciphersuites.value("TLS_CHACHA20_POLY1305_SHA256");
  settings.tls_prefer_server_ciphers.value(true);
  ASSERT_TRUE(tls.configure(settings));
  EXPECT_TRUE(is_served({.version = TLS1_2_VERSION}));
  EXPECT_TRUE(is_served({.version = TLS1_3_VERSION}));
  settings.tls_ciphers.value("nonsense");
  EXPECT_FALSE(tls.configure(settings));
  EXPECT_TRUE(is_logged("Failed to configure ciphers: nonsense"));
  settings.tls_ciphers.value("");
  settings.tls_ciphersuites.value("nonsense");
  EXPECT_FALSE(tls.configure(settings));
  EXPECT_TRUE(is_logged("Failed to configure ciphersuites: nonsense"));
}

TEST_F(TlsTest, ClientsCanResumeSessions) {
  EXPECT_TRUE(takes_up(TLS1_3_VERSION));
  EXPECT_TRUE(takes_up(TLS1_2_VERSION));
  EXPECT_TRUE(takes_up(TLS1_2_VERSION, false)) << "from the cache";
  settings.tls_session_caching.value(false);
  ASSERT_TRUE(tls.configure(settings));
  EXPECT_FALSE(takes_up(TLS1_3_VERSION));
  EXPECT_FALSE(takes_up(TLS1_2_VERSION));
  EXPECT_FALSE(takes_up(TLS1_2_VERSION, false));
  expect_balance();
}

TEST_F(TlsTest, ReloadingFilesEndsSessionResumption) {
  const Client first = connect();
  EXPECT_EQ(talk(first, "get nothing\r\n"), "$-1\r\n");
  const ClientSession kept = first->session();
  ask_for_certificates(ClientCertificates::yes);
  const Client second = connect({.session = kept.get()});
  EXPECT_EQ(talk(second, "get nothing\r\n"), "");
  EXPECT_FALSE(second->session_resumed());
}

TEST_F(TlsTest, NewCertificatesApplyToNewConnectionsOnly) {
  const Client before = connect();
  install(Identity("two", &authority));
  ASSERT_TRUE(tls.configure(settings));
  const Client after = connect();
  EXPECT_EQ(before->server_name(), "one");
  EXPECT_EQ(after->server_name(), "two");
  EXPECT_EQ(talk(before, "set x 1\r\n"), "+OK\r\n");
  EXPECT_EQ(talk(after, "get x\r\n"), "$1\r\n1\r\n");
}

TEST_F(TlsTest, KeepsTheOldFilesIfTheNewOnesAreWrong) {
  const auto expect_refusal = [&](const char* why) {
    EXPECT_FALSE(tls.configure(settings));
    EXPECT_TRUE(is_logged(why)) << why;
    EXPECT_EQ(connect()->server_name(), "one");
  };
  settings.tls_cert_file.value(folder.path("nothing"));
  expect_refusal("Failed to load certificate: ");
  settings.tls_cert_file.value("");
  expect_refusal("No tls-cert-file configured!");
  settings.tls_cert_file.value(folder.path("server.crt"));
  settings.tls_key_file.value("");
  expect_refusal("No tls-key-file configured!");
  settings.tls_key_file.value(folder.path("ca.key"));
  expect_refusal("key values mismatch");
  settings.tls_key_file.value(folder.path("server.key"));
  settings.tls_ca_cert_file.value(folder.path("nothing"));
  expect_refusal("Failed to configure CA certificate(s) file/directory: ");
  settings.tls_ca_cert_file.value(folder.path("ca.crt"));
  settings.tls_dh_params_file.value(folder.path("nothing"));
  expect_refusal("No such file or directory");
  settings.tls_dh_params_file.value(folder.path("server.crt"));
  expect_refusal("failed to read DH params.");
  settings.tls_dh_params_file.value("");
  EXPECT_TRUE(tls.configure(settings));
}

TEST_F(TlsTest, DecryptsAKeyWithItsPassword) {
  install(Identity("three", &authority), "secret");
  EXPECT_FALSE(tls.configure(settings));
  settings.tls_key_file_pass.value("wrong");
  EXPECT_FALSE(tls.configure(settings));
  settings.tls_key_file_pass.value("secret");
  ASSERT_TRUE(tls.configure(settings));
  EXPECT_EQ(connect()->server_name(), "three");
}

}  // namespace
}  // namespace larder::net
