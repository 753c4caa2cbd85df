#pragma once

#include <string_view>

#include "larder/persistence/value_codec.h"
#include "larder/types/string.h"
#include "rdb_format.h"

namespace larder::persistence {

// Appends the parts of RDB values.
class RdbWriter {
 public:
  RdbWriter(Bytes& out, Compression compression) : out_(out), compression_(compression) {}

  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void type(RdbType value) { byte(static_cast<std::uint8_t>(value)); }
  void length(std::uint64_t value);
  // 8 bytes, little-endian.
  void word(std::uint64_t value);
  void real(double value);
  // With its length; integers of up to 32 bits and longer texts in their shorter forms.
  void text(std::string_view value);
  void text(const types::String& value);
  // Without a length.
  void raw(std::string_view bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

 private:
  bool short_integer(std::int64_t value);
  bool compressed(std::string_view value);

  Bytes& out_;
  Room room_;  // for what is compressed
  const Compression compression_;
};

}  // namespace larder::persistence
