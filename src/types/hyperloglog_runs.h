#pragma once

// The runs of equal registers that a sparse HyperLogLog consists of.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::types::hll {

inline constexpr std::size_t kMostZeros = 64;  // of a short run
inline constexpr std::size_t kMostEqual = 4;   // of a run of values
inline constexpr std::uint8_t kMostSparseValue = 32;

struct SparseRun {
  std::size_t length = 0;  // registers
  std::uint8_t value = 0;
  std::uint8_t bytes = 1;
};

// The run that begins at `at`; false when it is cut off by the end.
inline bool read_run(std::string_view runs, std::size_t at, SparseRun& run) {
  const auto byte = static_cast<unsigned char>(runs[at]);
  if ((byte & 0x80) != 0) {
    run = {(byte & 3u) + 1, static_cast<std::uint8_t>(((byte >> 2) & 0x1f) + 1), 1};
    return true;
  }
  if ((byte & 0x40) == 0) {
    run = {(byte & 0x3fu) + 1, 0, 1};
    return true;
  }
  if (at + 1 == runs.size()) return false;
  run = {((byte & 0x3fu) << 8 | static_cast<unsigned char>(runs[at + 1])) + 1, 0, 2};
  return true;
}

// Write a run and return the position of the next one.
inline char* write_zeros(char* to, std::size_t length) {
  const auto stored = static_cast<unsigned>(length - 1);
  if (length > kMostZeros) *to++ = static_cast<char>(0x40 | (stored >> 8));
  *to++ = static_cast<char>(stored);
  return to;
}
inline char* write_values(char* to, std::uint8_t value, std::size_t length) {
  *to++ = static_cast<char>(0x80u | (value - 1u) << 2 | (length - 1u));
  return to;
}

}  // namespace larder::types::hll
