#include "listpack_format.h"

#include "larder/base/assert.h"
#include "larder/types/listpack.h"

namespace larder::types {

ListpackElement ListpackElement::of(std::int64_t number) {
  ListpackElement result{};
  const auto bits = static_cast<std::uint64_t>(number);
  const auto wide = [&](std::uint8_t kind, std::size_t bytes) {
    result.head[0] = kind;
    std::memcpy(result.head + 1, &bits, bytes);
    result.head_bytes = 1 + bytes;
  };
  if (number >= 0 && number <= 127) {
    result.head[0] = static_cast<std::uint8_t>(number);
    result.head_bytes = 1;
  } else if (number >= -4096 && number <= 4095) {
    result.head[0] = static_cast<std::uint8_t>(0xc0 | ((bits >> 8) & 0x1f));
    result.head[1] = static_cast<std::uint8_t>(bits);
    result.head_bytes = 2;
  } else if (number >= INT16_MIN && number <= INT16_MAX) {
    wide(0xf1, 2);
  } else if (number >= -(1 << 23) && number < (1 << 23)) {
    wide(0xf2, 3);
  } else if (number >= INT32_MIN && number <= INT32_MAX) {
    wide(0xf3, 4);
  } else {
    wide(0xf4, 8);
  }
  return result;
}

ListpackElement ListpackElement::of(std::string_view text) {
  if (const auto number = as_stored_integer(text)) return of(*number);
  ListpackElement result{};
  result.text = text;
  const std::size_t size = text.size();
  if (size < 64) {
    result.head[0] = static_cast<std::uint8_t>(0x80 | size);
    result.head_bytes = 1;
  } else if (size < 4096) {
    result.head[0] = static_cast<std::uint8_t>(0xe0 | (size >> 8));
    result.head[1] = static_cast<std::uint8_t>(size);
    result.head_bytes = 2;
  } else {
    LARDER_ASSERT(size < Listpack::kMostBytes);
    const auto wide = static_cast<std::uint32_t>(size);
    result.head[0] = 0xf0;
    std::memcpy(result.head + 1, &wide, sizeof wide);
    result.head_bytes = 5;
  }
  return result;
}

void ListpackElement::write(std::uint8_t* out) const {
  std::memcpy(out, head, head_bytes);
  if (!text.empty()) std::memcpy(out + head_bytes, text.data(), text.size());
  listpack_format::print_back_length(out + content(), content());
}

}  // namespace larder::types
