#include "serialized_length.h"

#include <liblzf/lzf.h>

#include <cstdint>
#include <vector>

namespace larder::commands {
namespace {

// Shorter texts are not worth trying, and a compressed one must save this much.
constexpr std::size_t kShortestCompressed = 21;
constexpr std::size_t kLeastSaved = 4;

std::size_t length_prefix(std::size_t bytes) {
  if (bytes < (1u << 6)) return 1;
  if (bytes < (1u << 14)) return 2;
  return bytes <= UINT32_MAX ? 5 : 9;
}

// A number of at most 32 bits behind one byte that names its width; 0 for larger ones.
std::size_t number_length(std::int64_t number) {
  if (number == static_cast<std::int8_t>(number)) return 2;
  if (number == static_cast<std::int16_t>(number)) return 3;
  if (number == static_cast<std::int32_t>(number)) return 5;
  return 0;
}

// 0 when the text does not get shorter by enough.
std::size_t compressed_bytes(std::string_view text) {
  std::vector<char> room(text.size() - kLeastSaved);
  return lzf_compress(text.data(), static_cast<unsigned>(text.size()), room.data(),
                      static_cast<unsigned>(room.size()));
}

}  // namespace

std::size_t serialized_length(const keyspace::Entry& entry, Compression compression) {
  const types::String value = entry.string();
  if (const auto number = value.integer()) {
    if (const std::size_t bytes = number_length(*number); bytes != 0) return bytes;
  }
  types::String::Scratch scratch;
  const std::string_view text = value.text(scratch);
  if (compression == Compression::on && text.size() >= kShortestCompressed) {
    if (const std::size_t bytes = compressed_bytes(text); bytes != 0) {
      return 1 + length_prefix(bytes) + length_prefix(text.size()) + bytes;
    }
  }
  return length_prefix(text.size()) + text.size();
}

}  // namespace larder::commands
