#pragma once

// Counts replies in a stream without parsing them further, so that the driver costs little.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace larder::versus {

class ReplyCounter {
 public:
  // Consumes all of the bytes; returns how many replies ended in them.
  std::uint64_t feed(std::string_view bytes) {
    std::uint64_t ended = 0;
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const std::size_t n = skip_ < bytes.size() ? static_cast<std::size_t>(skip_) : bytes.size();
        bytes.remove_prefix(n);
        skip_ -= n;
        if (skip_ == 0) ended += end_item();
        continue;
      }
      const void* found = std::memchr(bytes.data(), '\n', bytes.size());
      if (found == nullptr) {
        line_ += bytes;
        return ended;
      }
      const std::size_t n =
          static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
      if (line_.empty()) {
        ended += read_line(bytes.substr(0, n));
      } else {
        line_ += bytes.substr(0, n);
        ended += read_line(line_);
        line_.clear();
      }
      bytes.remove_prefix(n);
    }
    return ended;
  }

  // The first error reply; empty when there was none.
  const std::string& error() const { return error_; }

 private:
  std::uint64_t read_line(std::string_view line) {
    const char kind = line[0];
    if (kind == '-' && error_.empty()) error_ = line;
    if (kind != '$' && kind != '*') return end_item();
    std::int64_t length = 0;
    if (line[1] == '-') return end_item();
    for (std::size_t i = 1; line[i] != '\r'; ++i) length = length * 10 + (line[i] - '0');
    if (kind == '*' && length > 0) {
      // An array within an array is one of its items.
      items_ += static_cast<std::uint64_t>(length) - (items_ > 0 ? 1 : 0);
      return 0;
    }
    if (kind == '*') return end_item();
    skip_ = static_cast<std::uint64_t>(length) + 2;
    return 0;
  }

  std::uint64_t end_item() {
    if (items_ == 0) return 1;
    return --items_ == 0 ? 1 : 0;
  }

  std::uint64_t skip_ = 0;   // bytes of a bulk text, with its line end
  std::uint64_t items_ = 0;  // of the arrays that are open, that have not ended
  std::string line_;
  std::string error_;
};

}  // namespace larder::versus
