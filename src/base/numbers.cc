#include "larder/base/numbers.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <system_error>

#include "larder/base/format.h"
#include "larder/base/text.h"

namespace larder::base {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits only, and no zero before another digit.
bool is_canonical(std::string_view digits) {
  return !digits.empty() && is_digit(digits[0]) && (digits[0] != '0' || digits.size() == 1);
}

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// "00", "01" ... "99".
constexpr std::array<char, 200> kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    digits[i] = static_cast<char>('0' + i / 20);
    digits[i + 1] = static_cast<char>('0' + i / 2 % 10);
  }
  return digits;
}();

// 0 instead of 1, then 10, 100 ... 10^19.
constexpr std::array<std::uint64_t, 20> kPowers = [] {
  std::array<std::uint64_t, 20> powers{};
  for (std::uint64_t i = 1, power = 10; i < powers.size(); ++i, power *= 10) powers[i] = power;
  return powers;
}();

std::size_t count_digits(std::uint64_t value) {
  // log10(2) is about 1233 / 4096.
  const auto guess = static_cast<std::size_t>(std::bit_width(value | 1)) * 1233 >> 12;
  return guess + (value >= kPowers[guess] ? 1 : 0);
}

void print_two(std::uint32_t value, char* out) { std::memcpy(out, &kTwoDigits[value * 2], 2); }

// The four pairs do not depend on each other.
void print_eight(std::uint32_t value, char* out) {
  const std::uint32_t high = value / 10'000;
  const std::uint32_t low = value % 10'000;
  print_two(high / 100, out);
  print_two(high % 100, out + 2);
  print_two(low / 100, out + 4);
  print_two(low % 100, out + 6);
}

// Faster than std::to_chars, above all for deadlines, which have 13 digits.
char* print_digits(std::uint64_t value, char* out) {
  constexpr std::uint64_t kEight = 100'000'000;
  char* const end = out + count_digits(value);
  char* at = end;
  for (; value >= kEight; value /= kEight) {
    print_eight(static_cast<std::uint32_t>(value % kEight), at -= 8);
  }
  auto rest = static_cast<std::uint32_t>(value);
  for (; rest >= 10; rest /= 100) print_two(rest % 100, at -= 2);
  if (at != out) *out = static_cast<char>('0' + rest);
  return end;
}

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr Unit kUnits[] = {{"", 1},
                           {"b", 1},
                           {"k", 1000},
                           {"kb", 1024},
                           {"m", 1000 * 1000},
                           {"mb", 1024 * 1024},
                           {"g", 1000 * 1000 * 1000},
                           {"gb", 1024 * 1024 * 1024}};

}  // namespace

std::optional<std::int64_t> parse_int64(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (!is_canonical(digits) || (negative && digits[0] == '0')) return std::nullopt;
  return parse_whole<std::int64_t>(text);
}

std::optional<std::uint64_t> parse_uint64(std::string_view text) {
  if (!is_canonical(text)) return std::nullopt;
  return parse_whole<std::uint64_t>(text);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  // A unit alone, and no text at all, are zero.
  const auto count = digits == 0 ? 0 : parse_whole<std::uint64_t>(text.substr(0, digits));
  if (!count) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (!equals_ignoring_case(unit.name, text.substr(digits))) continue;
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(*count, unit.bytes, &bytes)) return std::nullopt;
    return bytes;
  }
  return std::nullopt;
}

std::string_view print_int64(std::int64_t value, std::span<char> out) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value < 0) out[0] = '-';
  const char* const end = print_digits(value < 0 ? 0 - bits : bits, out.data() + (value < 0));
  return {out.data(), static_cast<std::size_t>(end - out.data())};
}

std::string_view print_uint64(std::uint64_t value, std::span<char> out) {
  return {out.data(), static_cast<std::size_t>(print_digits(value, out.data()) - out.data())};
}

std::string print_human_bytes(std::uint64_t bytes) {
  constexpr std::string_view kLetters = "KMGTP";
  int power = static_cast<int>(kLetters.size());
  while (power > 0 && bytes < std::uint64_t{1} << (10 * power)) --power;
  if (power == 0 || bytes >= std::uint64_t{1} << 60) {
    return std::to_string(bytes) + 'B';
  }
  const double scaled = static_cast<double>(bytes) / static_cast<double>(1ULL << (10 * power));
  return printed("%.2f%c", scaled, kLetters[power - 1]);
}

}  // namespace larder::base
