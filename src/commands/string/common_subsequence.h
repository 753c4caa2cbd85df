#pragma once

// The longest common subsequence of two texts: which bytes both have, in the same order.

#include <cstdint>
#include <string_view>
#include <vector>

#include "larder/memory/heap.h"

namespace larder::commands {

// Its length. Time grows with a.size() * b.size(), memory with the shorter of them. Both texts
// are shorter than 2^32 - 1.
std::uint32_t common_length(std::string_view a, std::string_view b);

// Walks through the subsequence itself, which takes one bit for each pair of positions.
class CommonSubsequence {
 public:
  CommonSubsequence(std::string_view a, std::string_view b);

  std::uint32_t length() const { return length_; }

  // Calls fn(i, j) for each pair of equal positions, the last pair first.
  template <typename Fn>
  void walk_back(Fn&& fn) const {
    std::size_t i = a_.size();
    std::size_t j = b_.size();
    while (i > 0 && j > 0) {
      if (a_[i - 1] == b_[j - 1]) {
        fn(--i, --j);
      } else if (goes_up(i - 1, j - 1)) {
        --i;
      } else {
        --j;
      }
    }
  }

 private:
  // Whether dropping a's byte i keeps more in common than dropping b's byte j.
  bool goes_up(std::size_t i, std::size_t j) const {
    return (up_[i * words_ + j / 64] >> (j % 64) & 1) != 0;
  }

  std::string_view a_;
  std::string_view b_;
  std::size_t words_;  // for each byte of a
  std::vector<std::uint64_t, memory::Allocator<std::uint64_t, memory::Owner::runtime>> up_;
  std::uint32_t length_ = 0;
};

}  // namespace larder::commands
