#pragma once

// A member of a large sorted set: its score and its bytes in one allocation.
//
//   | score: 8 | size: 1, or 0xff and 4 | bytes ... |

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "larder/memory/ledger.h"

namespace larder::types {

class RankedMember {
 public:
  static RankedMember* create(memory::Owner owner, std::string_view text, double score);
  static void release(memory::Owner owner, RankedMember* member) noexcept;

  double score() const { return score_; }
  void score(double score) { score_ = score; }
  std::string_view text() const {
    const std::uint8_t* head = reinterpret_cast<const std::uint8_t*>(this + 1);
    if (__builtin_expect(*head != kLong, 1)) {
      return {reinterpret_cast<const char*>(head) + kShortHead, *head};
    }
    std::uint32_t size;
    std::memcpy(&size, head + 1, sizeof size);
    return {reinterpret_cast<const char*>(head) + kLongHead, size};
  }
  // What the block was allocated with, and what it takes at the allocator's sizes.
  std::size_t bytes() const { return bytes_for(text()); }
  std::size_t footprint() const;

  // The order of sorted sets: by score, then by bytes.
  bool is_before(double score, std::string_view text) const {
    return score_ != score ? score_ < score : this->text() < text;
  }

 private:
  static constexpr std::uint8_t kLong = 0xff;
  static constexpr std::size_t kShortHead = 1;
  static constexpr std::size_t kLongHead = 5;

  explicit RankedMember(double score) : score_(score) {}
  static std::size_t bytes_for(std::string_view text);

  double score_;
};
static_assert(sizeof(RankedMember) == 8);

}  // namespace larder::types
