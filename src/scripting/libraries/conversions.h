#pragma once

// Doubles to integers as the machine converts them on x86-64: what does not fit gives the most
// negative number. In C++ such a conversion is undefined, and scripts can see its result.

#include <cstdint>
#include <limits>

namespace larder::scripting {

inline std::int32_t to_int32(double value) {
  if (value > -2147483649.0 && value < 2147483648.0) return static_cast<std::int32_t>(value);
  return std::numeric_limits<std::int32_t>::min();
}

inline std::int64_t to_int64(double value) {
  constexpr double kLimit = 9223372036854775808.0;
  if (value >= -kLimit && value < kLimit) return static_cast<std::int64_t>(value);
  return std::numeric_limits<std::int64_t>::min();
}

// Negative values wrap around.
inline std::uint64_t to_uint64(double value) {
  constexpr double kHalf = 9223372036854775808.0;
  if (!(value >= kHalf)) return static_cast<std::uint64_t>(to_int64(value));
  return static_cast<std::uint64_t>(to_int64(value - kHalf)) ^ (std::uint64_t{1} << 63);
}

}  // namespace larder::scripting
