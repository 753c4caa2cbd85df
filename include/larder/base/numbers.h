#pragma once

// Numbers to text and back, in exactly the forms that Redis accepts and prints.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace larder::base {

// Room for any number that the printers below write.
inline constexpr std::size_t kInt64Chars = 21;
inline constexpr std::size_t kDoubleChars = 128;
inline constexpr std::size_t kLongDoubleChars = 5 * 1024;

// The whole text as a decimal in canonical form: no sign '+', no leading zeros, no
// spaces, no "-0". Nothing when it is anything else or out of range.
std::optional<std::int64_t> parse_int64(std::string_view text);
std::optional<std::uint64_t> parse_uint64(std::string_view text);

// As strtod and strtold take it (also "inf", "-inf", hex floats, exponents), but the whole
// text, without leading spaces; nothing for NaN.
std::optional<double> parse_double(std::string_view text);
std::optional<long double> parse_long_double(std::string_view text);

// Bytes with an optional unit: "100", "10k" (1000), "10kb" (1024), likewise m, mb, g, gb and
// b, in any letter case; no digits are zero. Nothing when it does not parse, is negative or
// passes 64 bits.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// Print into `out` and return the part written. `out` must have the room named above.
std::string_view print_int64(std::int64_t value, std::span<char> out);
std::string_view print_uint64(std::uint64_t value, std::span<char> out);
// The shortest digits that read back as the same double, in Redis 7.2's notation: whole
// numbers up to half of 2^63 as integers, others fixed ("0.1") or with a bare exponent
// ("1e+21", "1e-7") by Redis's rule; "inf", "-inf", "nan", "-0".
std::string_view print_double(double value, std::span<char> out);
// INCRBYFLOAT's form: fixed notation with up to 17 fractional digits, trailing zeros removed.
std::string_view print_long_double(long double value, std::span<char> out);

// "1.50M", "823.00K", "12B": bytes in the readable form of INFO's *_human fields.
std::string print_human_bytes(std::uint64_t bytes);

}  // namespace larder::base
