#pragma once

// The name of a script: the SHA-1 of its text.

#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace larder::scripting {

inline constexpr std::size_t kShaBytes = 20;
using Sha = std::array<std::uint8_t, kShaBytes>;
using ShaHex = std::array<char, 2 * kShaBytes>;

Sha sha1(std::string_view text);
// The same for a text in pieces.
class Sha1 {
 public:
  Sha1();
  void add(std::string_view piece);
  Sha end();

 private:
  SHA_CTX context_;
};
// In lower case.
ShaHex hex(const Sha& sha);
inline ShaHex sha1_hex(std::string_view text) { return hex(sha1(text)); }

// 40 hex digits in any case; nothing for another text.
std::optional<Sha> parse_sha(std::string_view text);

}  // namespace larder::scripting
