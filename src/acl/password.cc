#include "larder/acl/password.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <span>
#include <vector>

#include "larder/base/rng.h"

namespace larder::acl {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::optional<std::uint8_t> digit(char c) {
  const auto at = kDigits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(at);
}

std::string printed(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

bool PasswordHash::equals(const PasswordHash& other) const {
  return CRYPTO_memcmp(bytes.data(), other.bytes.data(), bytes.size()) == 0;
}

std::string PasswordHash::text() const { return printed(bytes); }

PasswordHash hash_password(std::string_view password) {
  PasswordHash hash;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, password.data(), password.size());
  SHA256_Final(hash.bytes.data(), &context);
  return hash;
}

std::optional<PasswordHash> parse_hash(std::string_view text) {
  if (text.size() != kHashDigits) return std::nullopt;
  PasswordHash hash;
  for (std::size_t i = 0; i < hash.bytes.size(); ++i) {
    const auto high = digit(text[2 * i]);
    const auto low = digit(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    hash.bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return hash;
}

std::string random_password(std::size_t bits) {
  const std::size_t digits = (bits + 3) / 4;
  std::vector<std::uint8_t> bytes((digits + 1) / 2);
  base::random_secret(std::as_writable_bytes(std::span(bytes)));
  return printed(bytes).substr(0, digits);
}

}  // namespace larder::acl
