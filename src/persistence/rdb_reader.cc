#include "rdb_reader.h"

#include <algorithm>

#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"
#include "larder/persistence/lzf.h"

namespace larder::persistence {
namespace {

// The maximum expansion of LZF: a reference of 3 bytes becomes up to 264 bytes.
constexpr std::uint64_t kMostExpansion = 88;

// Texts of at least this size are checked one by one.
constexpr std::size_t kLargeText = 4096;
// While a value grows, this much memory is requested from the system in advance.
constexpr std::uint64_t kProbed = 1 << 20;

LengthForm form_of(std::uint8_t first) { return static_cast<LengthForm>(first >> 6); }
SpecialText special_form(std::uint8_t first) { return static_cast<SpecialText>(first & 0x3f); }

}  // namespace

void RdbReader::bound_growth(std::uint64_t bytes) {
  probed_ = memory::used_bytes() + kProbed;
  ceiling_ = bytes == kNoCeiling ? kNoCeiling : memory::used_bytes() + bytes;
}

bool RdbReader::may_take(std::uint64_t bytes) {
  if (pulse_ != nullptr && !pulse_->go_on()) return fail();
  const std::uint64_t used = memory::used_bytes() + bytes;
  if (used <= ceiling_) {
    if (used <= probed_) return true;
    probed_ = used + kProbed;
    if (memory::can_allocate(std::max(bytes, kProbed))) return true;
  }
  lacks_room_ = true;
  return fail();
}

std::string_view RdbReader::raw(std::size_t bytes) {
  if (bytes > bytes_.size()) {
    if (!failed_) missing_ = bytes - bytes_.size();
    fail();
    return {};
  }
  const std::string_view taken = bytes_.substr(0, bytes);
  bytes_.remove_prefix(bytes);
  return taken;
}

std::uint64_t RdbReader::length() {
  const std::uint8_t first = byte();
  switch (form_of(first)) {
    case LengthForm::bits_6:
      return first & 0x3f;
    case LengthForm::bits_14:
      return static_cast<std::uint64_t>(first & 0x3f) << 8 | byte();
    case LengthForm::wide:
      if (first == kLength32) return __builtin_bswap32(number<std::uint32_t>());
      if (first == kLength64) return __builtin_bswap64(word());
      break;
    case LengthForm::special:
      break;
  }
  fail();
  return 0;
}

std::size_t RdbReader::count(std::size_t least_bytes) {
  const std::uint64_t count = length();
  if (count > left() / least_bytes) {
    std::uint64_t bytes;
    if (__builtin_mul_overflow(count, least_bytes, &bytes)) bytes = kNoCeiling;
    missing_ = bytes - left();
    fail();
    return 0;
  }
  return count;
}

bool RdbReader::other_text(RdbText& out) {
  out.view_ = {};
  if (bytes_.empty() && !failed_) missing_ = 1;
  if (bytes_.empty() || !may_go_on()) return fail();
  const auto first = static_cast<std::uint8_t>(bytes_.front());
  if (form_of(first) == LengthForm::special) {
    bytes_.remove_prefix(1);
    return special_text(out, special_form(first));
  }
  out.view_ = raw(length());
  count_bytes(out.view_.size());
  return !failed_ && (out.view_.size() < kLargeText || may_take(out.view_.size()));
}

bool RdbReader::special_text(RdbText& out, SpecialText form) {
  switch (form) {
    case SpecialText::int8:
      integer(out, number<std::int8_t>());
      return !failed_;
    case SpecialText::int16:
      integer(out, number<std::int16_t>());
      return !failed_;
    case SpecialText::int32:
      integer(out, number<std::int32_t>());
      return !failed_;
    case SpecialText::lzf:
      return compressed_text(out);
  }
  return fail();
}

bool RdbReader::compressed_text(RdbText& out) {
  PackedText text;
  if (!read_packed(text)) return false;
  // Once as a text and once in the value.
  if (text.bytes >= kLargeText && !may_take(2 * text.bytes)) return false;
  char* const own = out.own_.of(text.bytes);
  if (!unpack_lzf(text.packed, own, text.bytes, pulse_)) return fail();
  count_bytes(text.bytes);
  out.view_ = {own, text.bytes};
  return true;
}

bool RdbReader::is_packed_next() const {
  if (bytes_.empty()) return false;
  const auto first = static_cast<std::uint8_t>(bytes_.front());
  return form_of(first) == LengthForm::special && special_form(first) == SpecialText::lzf;
}

bool RdbReader::packed_text(PackedText& out) {
  if (!is_packed_next()) return fail();
  bytes_.remove_prefix(1);
  return read_packed(out) && (out.bytes < kLargeText || may_take(out.bytes));
}

bool RdbReader::read_packed(PackedText& out) {
  const std::uint64_t packed_bytes = length();
  const std::uint64_t bytes = length();
  const std::string_view packed = raw(packed_bytes);
  if (failed_ || bytes == 0 || bytes > types::kLongestString ||
      bytes > packed.size() * kMostExpansion) {
    return fail();
  }
  out = {packed, bytes};
  return true;
}

}  // namespace larder::persistence
