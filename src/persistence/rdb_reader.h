#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "larder/base/numbers.h"
#include "larder/persistence/value_codec.h"
#include "rdb_format.h"

namespace larder::persistence {

// A text that was read: a view of the bytes that were read from, or of its own.
class RdbText {
 public:
  std::string_view view() const { return view_; }

 private:
  friend class RdbReader;
  std::string_view view_;
  Room own_;
  std::array<char, base::kInt64Chars> digits_{};
};

// A text as LZF has compressed it.
struct PackedText {
  std::string_view packed;
  std::size_t bytes = 0;  // that it makes
};

// Takes RDB values apart. The first thing that is wrong fails it; from then on every part is
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

  std::uint8_t byte() { return number<std::uint8_t>(); }
  std::uint64_t word() { return number<std::uint64_t>(); }
  double real() { return number<double>(); }
  std::uint64_t length();
  // How many elements follow, each of at least so many bytes: fails where there is no room for
  // them, and for none at all.
  std::size_t count(std::size_t least_bytes = 1);
  std::string_view raw(std::size_t bytes);
  // False when it failed.
  bool text(RdbText& out);
  // A compressed text is what comes next.
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
  bool special_text(RdbText& out, SpecialText form);
  bool read_packed(PackedText& out);
  bool compressed_text(RdbText& out);

  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace larder::persistence
