// Floating point numbers: parsing as by strtod, and the two printed forms.

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "larder/base/format.h"
#include "larder/base/numbers.h"

namespace larder::base {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Runs strtod or strtold over the whole text. Refuses NaN, leading spaces, overflow, and
// underflow to zero.
template <typename T, typename Convert>
std::optional<T> convert_whole(const char* terminated, std::size_t size, Convert convert) {
  if (size == 0 || is_space(terminated[0])) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const T value = convert(terminated, &end);
  if (static_cast<std::size_t>(end - terminated) != size || std::isnan(value)) return std::nullopt;
  if (errno == ERANGE && (std::isinf(value) || value == 0)) return std::nullopt;
  return value;
}

template <typename T, typename Convert>
std::optional<T> convert_view(std::string_view text, Convert convert) {
  char small[256];
  if (text.size() < sizeof small) {
    if (!text.empty()) std::memcpy(small, text.data(), text.size());
    small[text.size()] = '\0';
    return convert_whole<T>(small, text.size(), convert);
  }
  return convert_whole<T>(std::string(text).c_str(), text.size(), convert);
}

// The digits of the shortest decimal that reads back as the same double, and its place:
// value = 0.d1d2d3... * 10^point.
struct Decimal {
  std::array<char, 32> digits;
  int count;
  int point;
};

Decimal shortest_decimal(double positive) {
  char text[40];
  const auto printed =
      std::to_chars(text, text + sizeof text, positive, std::chars_format::scientific);
  Decimal decimal{};
  const char* at = text;
  for (; *at != 'e'; ++at) {
    if (*at != '.') decimal.digits[static_cast<std::size_t>(decimal.count++)] = *at;
  }
  ++at;
  if (*at == '+') ++at;
  std::from_chars(at, printed.ptr, decimal.point);
  ++decimal.point;
  return decimal;
}

class Printer {
 public:
  explicit Printer(std::span<char> out) : begin_(out.data()), at_(out.data()) {}
  void put(char c) { *at_++ = c; }
  void put(const char* from, int count) {
    std::memcpy(at_, from, static_cast<std::size_t>(count));
    at_ += count;
  }
  void zeros(int count) {
    for (int i = 0; i < count; ++i) put('0');
  }
  void integer(int value) { at_ = std::to_chars(at_, at_ + 8, value).ptr; }
  std::string_view view() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* begin_;
  char* at_;
};

void print_scientific(const Decimal& decimal, Printer& out) {
  out.put(decimal.digits[0]);
  if (decimal.count > 1) {
    out.put('.');
    out.put(decimal.digits.data() + 1, decimal.count - 1);
  }
  out.put('e');
  const int exponent = decimal.point - 1;
  out.put(exponent < 0 ? '-' : '+');
  out.integer(std::abs(exponent));
}

void print_fixed(const Decimal& decimal, Printer& out) {
  if (decimal.point <= 0) {
    out.put('0');
    out.put('.');
    out.zeros(-decimal.point);
    out.put(decimal.digits.data(), decimal.count);
  } else {
    out.put(decimal.digits.data(), decimal.point);
    out.put('.');
    out.put(decimal.digits.data() + decimal.point, decimal.count - decimal.point);
  }
}

// Redis 7.2's choice between the notations: trailing zeros for up to seven places beyond the
// digits, a fraction for up to six places or an exponent below four, an exponent otherwise.
void print_decimal(const Decimal& decimal, Printer& out) {
  const int trailing = decimal.point - decimal.count;
  const int exponent = std::abs(decimal.point - 1);
  if (trailing >= 0 && exponent < decimal.count + 7) {
    out.put(decimal.digits.data(), decimal.count);
    out.zeros(trailing);
  } else if (trailing < 0 && (trailing > -7 || exponent < 4)) {
    print_fixed(decimal, out);
  } else {
    print_scientific(decimal, out);
  }
}

// Whole numbers that are printed as integers; Redis does this up to half of 2^63.
bool is_plain_integer(double value) {
  constexpr double kMost = 4611686018427387904.0;
  return value >= -kMost && value <= kMost && value == std::trunc(value);
}

std::string_view print_word(std::string_view word, std::span<char> out) {
  std::memcpy(out.data(), word.data(), word.size());
  return {out.data(), word.size()};
}

std::string_view print_infinity(bool negative, std::span<char> out) {
  return print_word(negative ? "-inf" : "inf", out);
}

}  // namespace

std::optional<double> parse_double(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && stop == end && std::isfinite(value)) return value;
  return convert_view<double>(text, [](const char* t, char** e) { return std::strtod(t, e); });
}

std::optional<long double> parse_long_double(std::string_view text) {
  if (text.size() >= kLongDoubleChars) return std::nullopt;
  return convert_view<long double>(text,
                                   [](const char* t, char** e) { return std::strtold(t, e); });
}

std::string_view print_double(double value, std::span<char> out) {
  if (std::isnan(value)) return print_word("nan", out);
  if (std::isinf(value)) return print_infinity(value < 0, out);
  if (value == 0) return print_word(std::signbit(value) ? "-0" : "0", out);
  if (is_plain_integer(value)) return print_int64(static_cast<std::int64_t>(value), out);
  Printer printer(out);
  if (value < 0) printer.put('-');
  print_decimal(shortest_decimal(std::abs(value)), printer);
  return printer.view();
}

std::string_view print_long_double(long double value, std::span<char> out) {
  if (std::isnan(value)) return print_word("nan", out);
  if (std::isinf(value)) return print_infinity(value < 0, out);
  std::string_view text = print_into(out, "%.17Lf", value);
  text = text.substr(0, text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.remove_suffix(1);
  if (text == "-0") text.remove_prefix(1);
  return text;
}

}  // namespace larder::base
