#pragma once

// Loops over all registers at once, with AVX2 where the processor has it. Packed registers are
// 12,288 bytes.

#include "larder/types/hyperloglog.h"

namespace larder::types::hll {

// Six bits from the packed registers, and back.
inline std::uint8_t packed_register(const char* packed, std::size_t index) {
  const std::size_t bit = index * 6;
  const auto low = static_cast<unsigned char>(packed[bit / 8]);
  const auto high = bit % 8 > 2 ? static_cast<unsigned char>(packed[bit / 8 + 1]) : 0u;
  return static_cast<std::uint8_t>(((low | (high << 8)) >> (bit % 8)) & 0x3f);
}
void set_packed_register(char* packed, Raise raise);

// Raises each register to at least its packed value.
void merge_packed(const char* packed, Registers& registers);
void pack(const Registers& registers, char* packed);

// How many registers have each value.
using Histogram = std::array<std::uint32_t, 64>;
Histogram histogram(const Registers& registers);

}  // namespace larder::types::hll
