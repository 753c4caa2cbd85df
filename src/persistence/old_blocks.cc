#include "old_blocks.h"

#include <cstring>

namespace larder::persistence {
namespace {

constexpr std::uint8_t kEnd = 0xff;
constexpr std::uint8_t kLong = 0xfe;
constexpr std::size_t kHeaderBytes = 10;
constexpr std::uint32_t kUncounted = 0xffff;
constexpr std::uint8_t kZipmapUncounted = 254;

// Kinds of integers, by the whole byte; texts are recognised by the two highest bits.
constexpr std::uint8_t kInt8 = 0xfe, kInt16 = 0xc0, kInt24 = 0xf0, kInt32 = 0xd0, kInt64 = 0xe0;
constexpr std::uint8_t kLeastInside = 0xf1, kMostInside = 0xfd;

std::uint8_t byte_at(std::string_view raw, std::size_t at) {
  return static_cast<std::uint8_t>(raw[at]);
}

template <typename Number>
Number number_at(std::string_view raw, std::size_t at) {
  Number value;
  std::memcpy(&value, raw.data() + at, sizeof value);
  return value;
}

}  // namespace

ZiplistReader::ZiplistReader(std::string_view raw) : raw_(raw), at_(kHeaderBytes) {
  if (raw.size() <= kHeaderBytes || number_at<std::uint32_t>(raw, 0) != raw.size()) at_ = 0;
}

bool ZiplistReader::finish() {
  const auto counted = number_at<std::uint16_t>(raw_, 8);
  const std::size_t last = seen_ == 0 ? kHeaderBytes : last_;
  valid_ = at_ + 1 == raw_.size() && (counted == kUncounted || counted == seen_) &&
           number_at<std::uint32_t>(raw_, 4) == last;
  at_ = 0;
  return false;
}

bool ZiplistReader::next(types::String& out) {
  if (at_ == 0 || at_ >= raw_.size()) return false;
  if (byte_at(raw_, at_) == kEnd) return finish();
  const std::size_t begin = at_;
  if (!read_element(out)) {
    at_ = 0;
    return false;
  }
  last_ = begin;
  before_ = at_ - begin;
  ++seen_;
  return true;
}

bool ZiplistReader::take(std::size_t bytes, std::uint64_t& little_endian) {
  if (bytes > raw_.size() - at_) return false;
  little_endian = 0;
  std::memcpy(&little_endian, raw_.data() + at_, bytes);
  at_ += bytes;
  return true;
}

bool ZiplistReader::read_element(types::String& out) {
  std::uint64_t part;
  if (!take(1, part) || (part == kLong && !take(4, part)) || part != before_) return false;
  std::uint64_t kind, more;
  if (!take(1, kind)) return false;
  std::uint64_t length = kind & 0x3f;
  switch (kind >> 6) {
    case 0:
      break;
    case 1:
      if (!take(1, more)) return false;
      length = length << 8 | more;
      break;
    case 2:
      if (!take(4, more)) return false;
      length = __builtin_bswap32(static_cast<std::uint32_t>(more));
      break;
    default:
      return read_integer(static_cast<std::uint8_t>(kind), out);
  }
  if (length > raw_.size() - at_) return false;
  out = types::String(raw_.substr(at_, length));
  at_ += length;
  return true;
}

bool ZiplistReader::read_integer(std::uint8_t kind, types::String& out) {
  if (kind >= kLeastInside && kind <= kMostInside) {
    out = types::String(std::int64_t{kind - kLeastInside});
    return true;
  }
  std::size_t bytes = 0;
  switch (kind) {
    case kInt8:
      bytes = 1;
      break;
    case kInt16:
      bytes = 2;
      break;
    case kInt24:
      bytes = 3;
      break;
    case kInt32:
      bytes = 4;
      break;
    case kInt64:
      bytes = 8;
      break;
    default:
      return false;
  }
  std::uint64_t bits;
  if (!take(bytes, bits)) return false;
  const auto unused = static_cast<unsigned>(64 - 8 * bytes);
  out = types::String(static_cast<std::int64_t>(bits << unused) >> unused);
  return true;
}

bool ZipmapReader::finish() {
  const std::uint8_t counted = byte_at(raw_, 0);
  valid_ = at_ + 1 == raw_.size() && (counted >= kZipmapUncounted || counted == seen_);
  at_ = raw_.size();
  return false;
}

bool ZipmapReader::length(std::size_t& out) {
  if (at_ >= raw_.size()) return false;
  const std::uint8_t first = byte_at(raw_, at_++);
  if (first < kLong) {
    out = first;
    return true;
  }
  if (first != kLong || raw_.size() - at_ < 4) return false;
  out = number_at<std::uint32_t>(raw_, at_);
  at_ += 4;
  return true;
}

bool ZipmapReader::text(std::size_t bytes, std::string_view& out) {
  if (bytes > raw_.size() - at_) return false;
  out = raw_.substr(at_, bytes);
  at_ += bytes;
  return true;
}

bool ZipmapReader::next(std::string_view& key, std::string_view& value) {
  if (at_ >= raw_.size()) return false;
  if (byte_at(raw_, at_) == kEnd) return finish();
  std::size_t key_bytes, value_bytes;
  std::string_view unused;
  const bool good = length(key_bytes) && text(key_bytes, key) && length(value_bytes) &&
                    text(1, unused) && text(value_bytes, value) &&
                    text(static_cast<std::uint8_t>(unused[0]), unused);
  if (good) {
    ++seen_;
  } else {
    at_ = raw_.size();
  }
  return good;
}

}  // namespace larder::persistence
