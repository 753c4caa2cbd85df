#pragma once

// Integers of 1 to 64 bits and what happens when a sum does not fit them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace larder::commands {

enum class Overflow : std::uint8_t { wrap, saturate, fail };

// i1 to i64, u1 to u63.
struct FieldType {
  bool is_signed = false;
  unsigned width = 0;

  static std::optional<FieldType> parse(std::string_view text);

  // The number that these bits represent.
  std::int64_t decode(std::uint64_t bits) const;
};

// `value + amount` in a field; nothing if it overflows and the overflow mode is FAIL.
std::optional<std::int64_t> add_to_field(FieldType type, std::int64_t value, std::int64_t amount,
                                         Overflow overflow);

// The same for a number that is to be stored. Negative ones are large in an unsigned field.
std::optional<std::int64_t> fit_field(FieldType type, std::int64_t number, Overflow overflow);

}  // namespace larder::commands
