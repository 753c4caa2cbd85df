#pragma once

// The numbers of LZF (larder/persistence/lzf.h).

#include <cstddef>

namespace larder::persistence::lzf_format {

inline constexpr std::size_t kWord = 8;

inline constexpr std::size_t kLiterals = 32;   // the most in a row
inline constexpr std::size_t kReference = 3;   // bytes of the longest
inline constexpr std::size_t kLengthFrom = 2;  // the length that 0 represents
inline constexpr std::size_t kLongLength = 7;  // of a length's three bits: another byte follows
inline constexpr int kDistanceBits = 5;        // in the first byte
inline constexpr std::size_t kWindow = std::size_t{1} << (kDistanceBits + 8);
inline constexpr std::size_t kLongestMatch = kLengthFrom + kLongLength + 255;

}  // namespace larder::persistence::lzf_format
