#include "larder/persistence/lzf.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "larder/persistence/value_codec.h"
#include "lzf_format.h"

namespace larder::persistence {
namespace {

using namespace lzf_format;

// Repeated bytes are written this many at a time.
constexpr std::size_t kStep = 2 * kWord;
// With this much left on both sides, one item needs no further checks of the ends.
constexpr std::size_t kWideIn = 1 + kLiterals;
constexpr std::size_t kWideOut = kLongestMatch + 2 * kStep;
// The pulse is called when so much has been written.
constexpr std::size_t kSlice = 256 << 10;

class Unpacker {
 public:
  Unpacker(std::string_view packed, char* out, std::size_t size)
      : in_(packed.data()),
        in_end_(in_ + packed.size()),
        begin_(out),
        out_(out),
        out_end_(out + size) {}

  bool run(Pulse* pulse) {
    while (in_left() >= kWideIn && out_left() >= kWideOut) {
      if (!run_wide(std::min(out_left() - kWideOut, kSlice))) return false;
      if (pulse != nullptr && !pulse->go_on()) return false;
    }
    while (in_ != in_end_) {
      const auto head = static_cast<std::uint8_t>(*in_++);
      if (!(head < kLiterals ? copy(head + std::size_t{1}) : repeat(head))) return false;
    }
    return out_ == out_end_;
  }

 private:
  // Writes so many bytes and the rest of an item.
  bool run_wide(std::size_t bytes) {
    const char* const last = out_ + bytes;
    while (in_left() >= kWideIn && out_ <= last) {
      const auto head = static_cast<std::uint8_t>(*in_);
      if (head < kLiterals) {
        std::memcpy(out_, in_ + 1, kLiterals);
        in_ += head + 2;
        out_ += head + 1;
      } else if (!repeat_wide(head)) {
        return false;
      }
    }
    return true;
  }

  std::size_t in_left() const { return static_cast<std::size_t>(in_end_ - in_); }
  std::size_t out_left() const { return static_cast<std::size_t>(out_end_ - out_); }

  std::size_t done() const { return static_cast<std::size_t>(out_ - begin_); }
  static std::size_t distance(std::uint8_t head, char low) {
    return (static_cast<std::size_t>(head & 0x1f) << 8) + static_cast<std::uint8_t>(low) + 1;
  }

  // Without branches on the sizes, which cannot be predicted.
  bool repeat_wide(std::uint8_t head) {
    const std::size_t count = head >> kDistanceBits;
    const bool is_long = count == kLongLength;
    const std::size_t more = static_cast<std::uint8_t>(in_[1]);
    const std::size_t bytes = kLengthFrom + count + (is_long ? more : 0);
    const std::size_t back = distance(head, in_[is_long ? 2 : 1]);
    in_ += is_long ? 3 : 2;
    if (back > done()) return false;
    if (back < kStep) {
      repeat_close(bytes, back);
    } else {
      std::memcpy(out_, out_ - back, kStep);
      std::memcpy(out_ + kStep, out_ + kStep - back, kStep);
      for (std::size_t at = 2 * kStep; at < bytes; at += kStep) step(at, back);
    }
    out_ += bytes;
    return true;
  }
  void step(std::size_t at, std::size_t back) { std::memcpy(out_ + at, out_ + at - back, kStep); }
  // A step must not overlap itself: if the distance is shorter, a multiple of it is used once the
  // first step has been written.
  void repeat_close(std::size_t bytes, std::size_t back) {
    const char* const from = out_ - back;
    for (std::size_t at = 0; at < kStep; ++at) out_[at] = from[at];
    const std::size_t wide = back * ((kStep + back - 1) / back);
    for (std::size_t at = kStep; at < bytes; at += kStep) step(at, wide);
  }

  // The same near the ends.
  bool copy(std::size_t bytes) {
    if (bytes > in_left() || bytes > out_left()) return false;
    std::memcpy(out_, in_, bytes);
    in_ += bytes;
    out_ += bytes;
    return true;
  }
  bool repeat(std::uint8_t head) {
    std::size_t bytes = head >> kDistanceBits;
    if (in_left() < (bytes == kLongLength ? 2u : 1u)) return false;
    if (bytes == kLongLength) bytes += static_cast<std::uint8_t>(*in_++);
    bytes += kLengthFrom;
    const std::size_t back = distance(head, *in_++);
    if (back > done() || bytes > out_left()) return false;
    const char* const from = out_ - back;
    for (std::size_t at = 0; at < bytes; ++at) out_[at] = from[at];
    out_ += bytes;
    return true;
  }

  const char* in_;
  const char* in_end_;
  char* begin_;
  char* out_;
  char* out_end_;
};

}  // namespace

bool unpack_lzf(std::string_view packed, char* out, std::size_t size, Pulse* pulse) {
  return Unpacker(packed, out, size).run(size < kSlice ? nullptr : pulse);
}

}  // namespace larder::persistence
