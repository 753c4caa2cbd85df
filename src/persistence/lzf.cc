#include "larder/persistence/lzf.h"

#include <cstdint>
#include <cstring>

namespace larder::persistence {
namespace {

constexpr std::size_t kLiterals = 32;  // the most in a row
constexpr std::size_t kWord = 8;
constexpr std::size_t kLongest = 7;  // of a length's three bits: another byte follows

class Unpacker {
 public:
  Unpacker(std::string_view packed, char* out, std::size_t size)
      : in_(packed.data()),
        in_end_(in_ + packed.size()),
        begin_(out),
        out_(out),
        out_end_(out + size) {}

  bool run() {
    while (in_ != in_end_) {
      const auto head = static_cast<std::uint8_t>(*in_++);
      if (!(head < kLiterals ? copy(head + std::size_t{1}) : repeat(head))) return false;
    }
    return out_ == out_end_;
  }

 private:
  std::size_t in_left() const { return static_cast<std::size_t>(in_end_ - in_); }
  std::size_t out_left() const { return static_cast<std::size_t>(out_end_ - out_); }

  bool copy(std::size_t bytes) {
    if (bytes > in_left() || bytes > out_left()) return false;
    // A fixed number of bytes is copied without a call.
    const bool has_room = in_left() >= kLiterals && out_left() >= kLiterals;
    std::memcpy(out_, in_, has_room ? kLiterals : bytes);
    in_ += bytes;
    out_ += bytes;
    return true;
  }

  bool repeat(std::uint8_t head) {
    std::size_t bytes = head >> 5;
    if (in_left() < (bytes == kLongest ? 2u : 1u)) return false;
    if (bytes == kLongest) bytes += static_cast<std::uint8_t>(*in_++);
    bytes += 2;
    const std::size_t back =
        (static_cast<std::size_t>(head & 0x1f) << 8) + static_cast<std::uint8_t>(*in_++) + 1;
    if (back > static_cast<std::size_t>(out_ - begin_) || bytes > out_left()) return false;
    if (out_left() >= bytes + kWord) {
      repeat_by_words(bytes, back);
    } else {
      const char* const from = out_ - back;
      for (std::size_t i = 0; i < bytes; ++i) out_[i] = from[i];
    }
    out_ += bytes;
    return true;
  }

  // Writes up to a word more. A word must not reach into itself: where the distance is shorter, a
  // multiple of it serves as well once the first word stands.
  void repeat_by_words(std::size_t bytes, std::size_t back) {
    std::size_t done = 0;
    if (back < kWord) {
      const char* const from = out_ - back;
      for (; done < kWord; ++done) out_[done] = from[done];
      back *= (kWord + back - 1) / back;
    }
    for (; done < bytes; done += kWord) std::memcpy(out_ + done, out_ + done - back, kWord);
  }

  const char* in_;
  const char* in_end_;
  char* begin_;
  char* out_;
  char* out_end_;
};

}  // namespace

bool unpack_lzf(std::string_view packed, char* out, std::size_t size) {
  return Unpacker(packed, out, size).run();
}

}  // namespace larder::persistence
