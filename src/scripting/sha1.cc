#include "sha1.h"

namespace larder::scripting {
namespace {

constexpr std::uint8_t kNoDigit = 16;

constexpr auto digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (unsigned i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (unsigned i = 0; i < 6; ++i) {
    values['a' + i] = values['A' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}
constexpr auto kDigitValues = digit_values();

std::uint8_t digit(char c) { return kDigitValues[static_cast<unsigned char>(c)]; }

}  // namespace

// The old functions of libcrypto: the newer ones allocate.
Sha1::Sha1() { SHA1_Init(&context_); }

void Sha1::add(std::string_view piece) { SHA1_Update(&context_, piece.data(), piece.size()); }

Sha Sha1::end() {
  Sha sha;
  SHA1_Final(sha.data(), &context_);
  return sha;
}

Sha sha1(std::string_view text) {
  Sha1 sum;
  sum.add(text);
  return sum.end();
}

ShaHex hex(const Sha& sha) {
  constexpr char kDigits[] = "0123456789abcdef";
  ShaHex text;
  for (std::size_t i = 0; i < sha.size(); ++i) {
    text[2 * i] = kDigits[sha[i] >> 4];
    text[2 * i + 1] = kDigits[sha[i] & 15];
  }
  return text;
}

std::optional<Sha> parse_sha(std::string_view text) {
  Sha sha;
  if (text.size() != 2 * sha.size()) return std::nullopt;
  unsigned wrong = 0;
  for (std::size_t i = 0; i < sha.size(); ++i) {
    const unsigned high = digit(text[2 * i]);
    const unsigned low = digit(text[2 * i + 1]);
    wrong |= high | low;
    sha[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if ((wrong & kNoDigit) != 0) return std::nullopt;
  return sha;
}

}  // namespace larder::scripting
