#pragma once

#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "larder/base/numbers.h"
#include "larder/persistence/value_codec.h"
#include "rdb_format.h"

namespace larder::persistence {

// The bytes reserved for an element of a set, a hash or a sorted set that is too large for a
// compact encoding: a slot in a table.
inline constexpr std::size_t kReservedBytes = 10;

// A text that was read: a view of the input, or its own bytes.
class RdbText {
 public:
  std::string_view view() const { return view_; }

 private:
  friend class RdbReader;
  std::string_view view_;
  Room own_;
  std::array<char, base::kInt64Chars> digits_{};
};

// A text compressed with LZF.
struct PackedText {
  std::string_view packed;
  std::size_t bytes = 0;  // after decompression
};

// Parses RDB values. The reader fails at the first error; from then on every part is
// zero or empty, and nothing is left.
class RdbReader {
 public:
  explicit RdbReader(std::string_view bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  // For use as the last word of a condition: always false.
  bool fail() {
    failed_ = true;
    bytes_ = {};
    return false;
  }
  std::size_t left() const { return bytes_.size(); }
  // How many more bytes it would have needed when it failed; 0 if it did not fail for that.
  std::uint64_t missing() const { return missing_; }
  // Calls `pulse` every few elements from now on; fails when it returns false.
  void call(Pulse* pulse) { pulse_ = pulse; }
  Pulse* pulse() const { return pulse_; }

  // Limits by how much the value may make used_bytes() grow; the reader fails if it grows by more.
  void bound_growth(std::uint64_t bytes);
  // Whether it failed because of that limit.
  bool lacks_room() const { return lacks_room_; }
  // Whether this many more bytes may be allocated now; fails if not.
  bool may_take(std::uint64_t bytes);
  // To be called for each element of an unpacked block, as text() does for each text. Cost: a few
  // instructions.
  bool may_go_on() {
    if (++since_pulse_ < kElementsUnasked) return true;
    since_pulse_ = 0;
    return may_take(0);
  }

  // A block of packed elements is checked.
  void block_checked() { ++checked_blocks_; }
  std::uint64_t checked_blocks() const { return checked_blocks_; }

  std::uint8_t byte() { return number<std::uint8_t>(); }
  std::uint64_t word() { return number<std::uint64_t>(); }
  std::uint32_t half_word() { return number<std::uint32_t>(); }
  double real() { return number<double>(); }
  std::uint64_t length();
  // The number of elements that follow, each of at least `least_bytes`: fails if the input is too
  // short for them.
  std::size_t count(std::size_t least_bytes = 1);
  std::string_view raw(std::size_t bytes);
  // False when it failed.
  bool text(RdbText& out) {
    // The first byte of a short text is its length; other forms have larger first bytes.
    const std::size_t size = bytes_.empty() ? kMostShort + 1 : static_cast<std::uint8_t>(bytes_[0]);
    if (size > kMostShort || size >= bytes_.size()) return other_text(out);
    out.view_ = bytes_.substr(1, size);
    bytes_.remove_prefix(1 + size);
    return may_go_on();
  }
  // Whether the next part is a compressed text.
  bool is_packed_next() const;
  bool packed_text(PackedText& out);

 private:
  template <typename Number>
  Number number() {
    Number value{};
    const std::string_view bytes = raw(sizeof value);
    if (!failed_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  void integer(RdbText& out, std::int64_t value) {
    out.view_ = base::print_int64(value, out.digits_);
  }
  // Long texts count as several elements: they may be blocks of many.
  void count_bytes(std::size_t bytes) { since_pulse_ += bytes / kBytesOfElement; }
  bool other_text(RdbText& out);
  bool special_text(RdbText& out, SpecialText form);
  bool read_packed(PackedText& out);
  bool compressed_text(RdbText& out);

  static constexpr std::size_t kMostShort = 63;
  static constexpr std::size_t kElementsUnasked = 64;
  static constexpr std::size_t kBytesOfElement = 256;
  static constexpr std::uint64_t kNoCeiling = std::numeric_limits<std::uint64_t>::max();

  std::string_view bytes_;
  bool failed_ = false;
  bool lacks_room_ = false;
  std::size_t since_pulse_ = 0;  // elements since the pulse was called
  std::uint64_t checked_blocks_ = 0;
  std::uint64_t missing_ = 0;
  Pulse* pulse_ = nullptr;
  std::uint64_t ceiling_ = kNoCeiling;  // of used_bytes()
  std::uint64_t probed_ = 0;            // up to this the system has provided memory
};

}  // namespace larder::persistence
