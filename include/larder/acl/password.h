#pragma once

// Only the SHA-256 of a password is stored.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder::acl {

inline constexpr std::size_t kHashDigits = 64;

struct PasswordHash {
  std::array<std::uint8_t, 32> bytes{};

  // In constant time, independent of where the two differ.
  bool equals(const PasswordHash& other) const;
  // 64 digits, in small letters.
  std::string text() const;
};

PasswordHash hash_password(std::string_view password);

// Reads what text() writes; nothing else.
std::optional<PasswordHash> parse_hash(std::string_view text);

// Digits of a random number of `bits`, four to a digit, in small letters.
std::string random_password(std::size_t bits);

}  // namespace larder::acl
