#pragma once

// How one element of a listpack is written and read (larder/types/listpack.h has the layout).

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace larder::types {

namespace listpack_format {

inline constexpr std::size_t kMostHead = 9;  // kind byte and a 64-bit integer
inline constexpr std::size_t kMostBackLength = 5;

// The sizes that follow from the kind byte: of the header before a string's bytes, and of a
// complete integer.
struct Head {
  std::size_t head = 0;  // 0: no kind that exists
  std::size_t text = 0;  // bytes of a string
  bool is_text = false;
};

inline std::uint32_t read_le(const std::uint8_t* bytes, std::size_t count) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, count);
  return value;
}

// Reads at most 5 bytes from `at`.
inline Head head_of(const std::uint8_t* at) {
  const std::uint8_t kind = at[0];
  if (kind < 0x80) return {1};
  if (kind < 0xc0) return {1, static_cast<std::size_t>(kind & 0x3f), true};
  if (kind < 0xe0) return {2};
  if (kind < 0xf0) return {2, (static_cast<std::size_t>(kind & 0x0f) << 8) | at[1], true};
  switch (kind) {
    case 0xf0:
      return {5, read_le(at + 1, 4), true};
    case 0xf1:
      return {3};
    case 0xf2:
      return {4};
    case 0xf3:
      return {5};
    case 0xf4:
      return {9};
    default:
      return {};
  }
}

// How many bytes of the header head_of() reads.
inline std::size_t head_needs(std::uint8_t kind) {
  if (kind == 0xf0) return 5;
  return (kind & 0xf0) == 0xe0 ? 2 : 1;
}

inline std::int64_t integer_at(const std::uint8_t* at) {
  const std::uint8_t kind = at[0];
  if (kind < 0x80) return kind;
  if (kind < 0xe0) {
    const std::uint32_t bits = (static_cast<std::uint32_t>(kind & 0x1f) << 8) | at[1];
    return static_cast<std::int32_t>(bits << 19) >> 19;
  }
  if (kind == 0xf1) return static_cast<std::int16_t>(read_le(at + 1, 2));
  if (kind == 0xf2) return static_cast<std::int32_t>(read_le(at + 1, 3) << 8) >> 8;
  if (kind == 0xf3) return static_cast<std::int32_t>(read_le(at + 1, 4));
  std::int64_t value;
  std::memcpy(&value, at + 1, sizeof value);
  return value;
}

inline std::size_t back_length_bytes(std::size_t length) {
  if (length <= 127) return 1;
  if (length < 16383) return 2;
  if (length < 2097151) return 3;
  if (length < 268435455) return 4;
  return 5;
}

// Seven bits a byte, the highest first; all but the first carry the top bit, so that it can
// be read backwards.
inline void print_back_length(std::uint8_t* out, std::size_t length) {
  const std::size_t bytes = back_length_bytes(length);
  for (std::size_t i = bytes; i-- > 0; length >>= 7) {
    out[i] = static_cast<std::uint8_t>((length & 0x7f) | (i == 0 ? 0 : 0x80));
  }
}

// Reads backwards from `last`, not before `stop`; the result is undefined if it does not end there.
inline std::size_t read_back_length(const std::uint8_t* last, const std::uint8_t* stop) {
  std::size_t length = 0;
  for (unsigned shift = 0; shift < 7 * kMostBackLength; shift += 7, --last) {
    length |= static_cast<std::size_t>(*last & 0x7f) << shift;
    if ((*last & 0x80) == 0 || last == stop) break;
  }
  return length;
}

}  // namespace listpack_format

// An element to be written: short header, then the bytes of a string, which are not copied until
// write().
struct ListpackElement {
  static ListpackElement of(std::string_view text);
  static ListpackElement of(std::int64_t number);

  std::size_t content() const { return head_bytes + text.size(); }
  // All its bytes, including the back length.
  std::size_t bytes() const { return content() + listpack_format::back_length_bytes(content()); }
  void write(std::uint8_t* out) const;

  std::uint8_t head[listpack_format::kMostHead];
  std::size_t head_bytes = 0;
  std::string_view text;
};

}  // namespace larder::types
