#include "larder/base/numbers.h"

#include <array>
#include <charconv>
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

template <typename T>
std::string_view print_whole(T value, std::span<char> out) {
  const auto [end, error] = std::to_chars(out.data(), out.data() + out.size(), value);
  static_cast<void>(error);
  return {out.data(), static_cast<std::size_t>(end - out.data())};
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
  return print_whole(value, out);
}

std::string_view print_uint64(std::uint64_t value, std::span<char> out) {
  return print_whole(value, out);
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
