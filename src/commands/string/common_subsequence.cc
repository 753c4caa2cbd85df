#include "common_subsequence.h"

#include <algorithm>

namespace larder::commands {
namespace {

using Row = std::vector<std::uint32_t, memory::Allocator<std::uint32_t, memory::Owner::runtime>>;

// Fills `row`, which holds the lengths for the text up to the byte before `byte`, for the text up
// to it. Calls up(j) where the row above has the longer match than the column before.
template <typename Up>
void advance(Row& row, char byte, std::string_view b, Up&& up) {
  std::uint32_t diagonal = 0;
  std::uint32_t left = 0;
  for (std::size_t j = 0; j < b.size(); ++j) {
    const std::uint32_t above = row[j + 1];
    if (byte == b[j]) {
      left = diagonal + 1;
    } else if (above > left) {
      up(j);
      left = above;
    }
    row[j + 1] = left;
    diagonal = above;
  }
}

}  // namespace

std::uint32_t common_length(std::string_view a, std::string_view b) {
  if (a.size() < b.size()) std::swap(a, b);
  Row row(b.size() + 1);
  for (const char byte : a) advance(row, byte, b, [](std::size_t) {});
  return row.back();
}

CommonSubsequence::CommonSubsequence(std::string_view a, std::string_view b)
    : a_(a), b_(b), words_((b.size() + 63) / 64), up_(a.size() * words_) {
  Row row(b.size() + 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::uint64_t* bits = up_.data() + i * words_;
    advance(row, a[i], b, [bits](std::size_t j) { bits[j / 64] |= std::uint64_t{1} << (j % 64); });
  }
  length_ = row.back();
}

}  // namespace larder::commands
