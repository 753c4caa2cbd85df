#pragma once

// Append-only files as bytes.

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

#include "larder/persistence/rdb_file.h"
#include "src/persistence/aof_cutter.h"
#include "src/persistence/crc32c.h"

namespace larder::persistence {

inline std::string command(std::initializer_list<std::string_view> words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n";
    out.append(word).append("\r\n");
  }
  return out;
}

inline std::string sum_line(std::string_view group, std::uint64_t offset) {
  char line[kGroupSumChars];
  return std::string(print_group_sum({crc32c(0, group), group.size(), offset}, line));
}

// The group at the end of the text, with its annotation.
inline std::string with_group(std::string text, const std::string& group) {
  return text + group + sum_line(group, text.size());
}

// Gives at most `piece` bytes at once.
class AofTextSource final : public RdbSource {
 public:
  explicit AofTextSource(std::string text, std::size_t piece = 1 << 20)
      : text_(std::move(text)), piece_(piece) {}
  base::Result<std::size_t> read(char* out, std::size_t most) override {
    const std::size_t size = std::min({most, piece_, text_.size() - at_});
    if (size > 0) std::memcpy(out, text_.data() + at_, size);
    at_ += size;
    return size;
  }
  std::uint64_t size() const override { return text_.size(); }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

}  // namespace larder::persistence
