#pragma once

// The compact blocks of earlier Redis versions: ziplists and zipmaps. They are only read, element
// by element, with checks.

#include <cstdint>
#include <string_view>

#include "larder/types/string.h"

namespace larder::persistence {

// A ziplist:
//
//   | bytes: 4 | offset of the last: 4 | elements: 2 | element | ... | 0xff |
//   element:  | size of the one before: 1, or 0xfe and 4 | kind and length: 1-5 | value |
//
// 65,535 in the count means that the elements must be counted.
class ZiplistReader {
 public:
  explicit ZiplistReader(std::string_view raw);

  // The next element, a view of the bytes; false at the end and after an error.
  bool next(types::String& out);
  // At the end: there was no error.
  bool was_valid() const { return valid_; }

 private:
  bool read_element(types::String& out);
  // The value after a kind byte that is not a text's.
  bool read_integer(std::uint8_t kind, types::String& out);
  bool take(std::size_t bytes, std::uint64_t& little_endian);
  bool finish();

  std::string_view raw_;
  std::size_t at_;
  std::size_t before_ = 0;  // bytes of the element before
  std::size_t last_ = 0;
  std::uint32_t seen_ = 0;
  bool valid_ = false;
};

// A zipmap:  | entries: 1 | key length | key | value length | unused: 1 | value | unused | ... |
// 0xff | with lengths of 1 byte, or 0xfe and 4. 254 and more in the count mean that they must be
// counted.
class ZipmapReader {
 public:
  explicit ZipmapReader(std::string_view raw) : raw_(raw) {}

  bool next(std::string_view& key, std::string_view& value);
  bool was_valid() const { return valid_; }

 private:
  bool length(std::size_t& out);
  bool text(std::size_t bytes, std::string_view& out);
  bool finish();

  std::string_view raw_;
  std::size_t at_ = 1;
  std::size_t seen_ = 0;
  bool valid_ = false;
};

}  // namespace larder::persistence
