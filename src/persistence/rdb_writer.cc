#include "rdb_writer.h"

#include <cstring>

#include "larder/persistence/lzf.h"

namespace larder::persistence {
namespace {

// Compression must save at least this much.
constexpr std::size_t kLeastSaved = 4;
// Longer texts cannot be integers of 32 bits.
constexpr std::size_t kLongestInteger = 11;

constexpr std::uint8_t special(SpecialText form) {
  return static_cast<std::uint8_t>(0xc0 | static_cast<std::uint8_t>(form));
}

}  // namespace

void RdbWriter::length(std::uint64_t value) {
  if (value < (1u << 6)) return byte(static_cast<std::uint8_t>(value));
  if (value < (1u << 14)) {
    byte(static_cast<std::uint8_t>(0x40 | (value >> 8)));
    return byte(static_cast<std::uint8_t>(value));
  }
  const bool narrow = value <= UINT32_MAX;
  byte(narrow ? kLength32 : kLength64);
  for (int shift = narrow ? 24 : 56; shift >= 0; shift -= 8) {
    byte(static_cast<std::uint8_t>(value >> shift));
  }
}

void RdbWriter::word(std::uint64_t value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  raw({bytes, sizeof bytes});
}

void RdbWriter::real(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  word(bits);
}

bool RdbWriter::short_integer(std::int64_t value) {
  std::size_t bytes = 4;
  SpecialText form = SpecialText::int32;
  if (value == static_cast<std::int8_t>(value)) {
    bytes = 1;
    form = SpecialText::int8;
  } else if (value == static_cast<std::int16_t>(value)) {
    bytes = 2;
    form = SpecialText::int16;
  } else if (value != static_cast<std::int32_t>(value)) {
    return false;
  }
  byte(special(form));
  for (std::size_t i = 0; i < bytes; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
  return true;
}

bool RdbWriter::compressed(std::string_view value) {
  if (compression_ == Compression::off || value.size() < kShortestCompressed ||
      value.size() > UINT32_MAX) {
    return false;
  }
  const std::size_t most = value.size() - kLeastSaved;
  char* const room = room_.of(most);
  const std::size_t bytes = pack_lzf(value, room, most);
  if (bytes == 0) return false;
  byte(special(SpecialText::lzf));
  length(bytes);
  length(value.size());
  raw({room, bytes});
  return true;
}

// Writes all of these bytes but the last ones; returns those.
std::string_view RdbWriter::spill_most(std::string_view bytes) {
  while (bytes.size() > most_) {
    out_.insert(out_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(most_));
    bytes.remove_prefix(most_);
    spill_->take(out_);
  }
  return bytes;
}

void RdbWriter::text(std::string_view value) {
  plain_text(value);
  spill();
}

void RdbWriter::plain_text(std::string_view value) {
  if (value.size() <= kLongestInteger) {
    const auto number = types::as_stored_integer(value);
    if (number && short_integer(*number)) return;
  }
  if (texts_ != nullptr && value.size() >= kShortestCompressed) return texts_->defer(value);
  if (compressed(value)) return;
  length(value.size());
  raw(value);
}

void RdbWriter::text(const types::String& value) {
  if (value.is_number() && short_integer(value.number())) return;
  types::String::Scratch scratch;
  text(value.text(scratch));
}

}  // namespace larder::persistence
