#pragma once

#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "larder/persistence/rdb_file_writer.h"
#include "larder/persistence/value_codec.h"
#include "larder/types/string.h"
#include "rdb_format.h"

namespace larder::persistence {

// Shorter texts are neither compressed nor deferred.
inline constexpr std::size_t kShortestCompressed = 21;

// In this order, because the library's insert() copies byte by byte if there is an allocator.
inline void append(Bytes& out, std::string_view bytes) {
  const std::size_t at = out.size();
  out.resize(at + bytes.size());
  if (!bytes.empty()) std::memcpy(out.data() + at, bytes.data(), bytes.size());
}

// Appends the parts of RDB values.
class RdbWriter {
 public:
  RdbWriter(Bytes& out, Compression compression) : out_(out), compression_(compression) {}
  // The bytes spill at the end of a text, and while longer bytes are written.
  RdbWriter(const RdbRecords::Output& output, const RdbEncoding& encoding)
      : out_(output.bytes),
        compression_(encoding.compression),
        features_(encoding.features),
        spill_(&output.spill),
        texts_(output.texts),
        most_(output.most) {}

  RdbFeatures features() const { return features_; }

  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  // The first byte of a value; with a key from key_before_value() behind it.
  void type(RdbType value) {
    byte(static_cast<std::uint8_t>(value));
    if (key_) text(*std::exchange(key_, std::nullopt));
  }
  // In a file a value's key stands behind its type.
  void key_before_value(std::string_view key) { key_ = key; }
  void length(std::uint64_t value);
  // 8 bytes, little-endian.
  void word(std::uint64_t value);
  void real(double value);
  // With its length; integers of up to 32 bits and longer texts in their shorter forms.
  void text(std::string_view value);
  void text(const types::String& value);
  // Without a length.
  void raw(std::string_view bytes) {
    if (__builtin_expect(bytes.size() > most_, 0)) bytes = spill_most(bytes);
    append(out_, bytes);
    spill();
  }
  // For compressed texts of up to this many bytes.
  void reserve_room(std::size_t bytes) { room_.of(bytes); }

 private:
  void plain_text(std::string_view value);
  std::string_view spill_most(std::string_view bytes);
  void spill() {
    if (__builtin_expect(out_.size() >= most_, 0)) spill_->take(out_);
  }
  bool short_integer(std::int64_t value);
  bool compressed(std::string_view value);

  std::optional<std::string_view> key_;
  Bytes& out_;
  Room room_;  // for what is compressed
  const Compression compression_;
  const RdbFeatures features_{};
  Spill* const spill_ = nullptr;
  DeferredTexts* const texts_ = nullptr;
  const std::size_t most_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace larder::persistence
