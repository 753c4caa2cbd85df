#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "larder/persistence/lzf.h"
#include "lzf_format.h"

namespace larder::persistence {
namespace {

using namespace lzf_format;

// As in the library, no reference reaches the first byte, and the last two are never part of a
// match.
constexpr std::size_t kUnmatchedEnd = 2;
// The shortest match that is looked for.
constexpr std::size_t kShortestMatch = 3;
// Bytes at least this far before the end are read by words, and with this much room they are
// written by words.
constexpr std::size_t kMargin = 48;
static_assert(kMargin >= 1 + kLiterals + kReference && kMargin >= kShortestMatch + 2 * kWord);
// After 64 bytes without a match only every second byte is examined, and so on.
constexpr int kSkipShift = 6;
constexpr std::ptrdiff_t kMostSkipped = 16;
static_assert(kMostSkipped < kMargin);
constexpr int kFewestSlotBits = 5;
constexpr int kMostSlotBits = 13;

std::uint32_t load_word_32(const char* from) {
  std::uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

std::uint64_t load_word(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The first three bytes of a word, without the others.
std::uint32_t three_bytes(std::uint32_t word) {
  return std::endian::native == std::endian::little ? word << 8 : word & ~std::uint32_t{0xff};
}

// A bit of the byte at a word's highest address.
constexpr std::uint64_t kInLastByte =
    std::endian::native == std::endian::little ? std::uint64_t{1} << 63 : 1;

// The number of zero bytes at the lower addresses of a word that is not zero.
std::size_t zero_bytes(std::uint64_t word) {
  const int bits =
      std::endian::native == std::endian::little ? std::countr_zero(word) : std::countl_zero(word);
  return static_cast<std::size_t>(bits) / 8;
}

// The latest position of each three bytes is kept in a hash table, small enough for the L1 cache:
// positions are numbers of 16 bits, of which only differences matter, since the format reaches 8 KB
// back. A wrong or stale position is detected by a comparison.
class Packer {
 public:
  Packer(std::string_view text, char* out, std::size_t most)
      : begin_(text.data()),
        end_(begin_ + text.size()),
        wide_end_(text.size() > kMargin ? end_ - kMargin : begin_),
        at_(begin_),
        literals_(begin_),
        out_begin_(out),
        out_(out),
        out_end_(out + most) {
    const int bits =
        std::clamp(static_cast<int>(std::bit_width(text.size())), kFewestSlotBits, kMostSlotBits);
    hash_shift_ = 32 - bits;
    std::fill_n(places_.begin(), std::size_t{1} << bits, std::uint16_t{0});
  }

  std::size_t run() {
    if (!pack_wide() || !pack_rest() || !put_literals(end_)) return 0;
    return static_cast<std::size_t>(out_ - out_begin_);
  }

 private:
  std::size_t room() const { return static_cast<std::size_t>(out_end_ - out_); }
  std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }

  std::uint16_t& place_of(std::uint32_t word) {
    return places_[(three_bytes(word) * 2654435761u) >> hash_shift_];
  }
  void note(const char* at) {
    place_of(load_word_32(at)) = static_cast<std::uint16_t>(at - begin_);
  }

  // The distance to the last occurrence of the three bytes at at_, 0 if it is not known.
  [[gnu::always_inline]] std::size_t find() {
    const std::uint32_t word = load_word_32(at_);
    std::uint16_t& place = place_of(word);
    const auto here = static_cast<std::uint16_t>(position());
    const std::size_t back = static_cast<std::uint16_t>(here - place);
    place = here;
    const std::size_t inside = back < position() && back <= kWindow ? back : 0;
    return three_bytes(load_word_32(at_ - inside)) == three_bytes(word) ? inside : 0;
  }

  // The number of bytes from at_ on that are equal to those at this distance, from the third on.
  [[gnu::always_inline]] std::size_t match_wide(std::size_t back) const {
    const char* const at = at_ + kShortestMatch;
    const std::uint64_t first = load_word(at) ^ load_word(at - back);
    const std::uint64_t second = load_word(at + kWord) ^ load_word(at + kWord - back);
    if ((first | second) != 0) {
      // Without a branch that depends on the text.
      const std::size_t in_second = kWord + zero_bytes(second | kInLastByte);
      return kShortestMatch + (first != 0 ? zero_bytes(first | kInLastByte) : in_second);
    }
    return match_longer(kShortestMatch + 2 * kWord, back);
  }
  [[gnu::noinline]] std::size_t match_longer(std::size_t length, std::size_t back) const {
    const std::size_t most =
        std::min(kLongestMatch, static_cast<std::size_t>(end_ - at_) - kUnmatchedEnd);
    const char* const before = at_ - back;
    for (; length + kWord <= most; length += kWord) {
      const std::uint64_t differing = load_word(at_ + length) ^ load_word(before + length);
      if (differing != 0) return length + zero_bytes(differing);
    }
    while (length < most && at_[length] == before[length]) ++length;
    return length;
  }

  // The end of the range in which words may be read.
  bool pack_wide() {
    while (at_ < wide_end_) {
      const std::size_t back = find();
      if (back == 0) {
        at_ += 1 + std::min((at_ - literals_) >> kSkipShift, kMostSkipped);
      } else if (!repeat_wide(back)) {
        return false;
      }
    }
    return true;
  }

  // After a match: whether the text repeats at the same distance behind the next byte, as in a list
  // of records that differ in a digit. Such a match needs no lookup.
  [[gnu::always_inline]] bool repeats_behind_next(std::size_t back) const {
    return load_word(at_ + 1) == load_word(at_ + 1 - back);
  }

  // One match after the other, as long as they touch or have one byte between them.
  [[gnu::always_inline]] bool repeat_wide(std::size_t back) {
    while (back != 0) {
      if (!put_literals(at_) || !put_reference(match_wide(back), back)) return false;
      if (at_ >= wide_end_) return true;
      note(at_ - 2);
      note(at_ - 1);
      const std::size_t found = find();
      if (found == 0 && repeats_behind_next(back)) {
        ++at_;
      } else {
        back = found;
      }
    }
    ++at_;
    return true;
  }

  [[gnu::noinline]] bool pack_rest() {
    constexpr std::ptrdiff_t kLeast = kShortestMatch + kUnmatchedEnd;
    while (end_ - at_ >= kLeast) {
      const std::size_t back = find();
      if (back == 0) {
        ++at_;
      } else if (!put_literals(at_) || !put_reference(match_longer(kShortestMatch, back), back)) {
        return false;
      }
    }
    return true;
  }

  // Writes the literals before `end`. Leaves room for a reference.
  [[gnu::always_inline]] bool put_literals(const char* end) {
    auto bytes = static_cast<std::size_t>(end - literals_);
    if (end > wide_end_ || bytes + bytes / kLiterals + kMargin > room()) return put_last(bytes);
    for (; bytes > kLiterals; bytes -= kLiterals) put_run(kLiterals);
    *out_ = static_cast<char>(bytes - 1);
    std::memcpy(out_ + 1, literals_, kLiterals);
    out_ += bytes + (bytes != 0 ? 1 : 0);
    literals_ += bytes;
    return true;
  }
  [[gnu::noinline]] bool put_last(std::size_t bytes) {
    if (bytes + (bytes + kLiterals - 1) / kLiterals > room()) return false;
    for (; bytes > kLiterals; bytes -= kLiterals) put_run(kLiterals);
    if (bytes > 0) put_run(bytes);
    return true;
  }
  void put_run(std::size_t bytes) {
    *out_++ = static_cast<char>(bytes - 1);
    std::memcpy(out_, literals_, bytes);
    out_ += bytes;
    literals_ += bytes;
  }

  [[gnu::always_inline]] bool put_reference(std::size_t length, std::size_t back) {
    if (room() < kReference) return false;
    const std::size_t distance = back - 1;
    const std::size_t count = length - kLengthFrom;
    const bool is_long = count >= kLongLength;
    out_[0] = static_cast<char>(std::min(count, kLongLength) << kDistanceBits | distance >> 8);
    out_[1] = static_cast<char>(count - kLongLength);
    out_[is_long ? 2 : 1] = static_cast<char>(distance);
    out_ += is_long ? 3 : 2;
    at_ += length;
    literals_ = at_;
    return true;
  }

  const char* const begin_;
  const char* const end_;
  const char* const wide_end_;
  const char* at_;
  const char* literals_;  // from here to at_ nothing is written yet
  char* const out_begin_;
  char* out_;
  char* const out_end_;
  int hash_shift_;
  std::array<std::uint16_t, std::size_t{1} << kMostSlotBits> places_;
};

}  // namespace

std::size_t pack_lzf(std::string_view text, char* out, std::size_t most) {
  return Packer(text, out, most).run();
}

}  // namespace larder::persistence
