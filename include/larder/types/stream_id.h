#pragma once

// The id of a stream's entry: milliseconds and a number within them, printed "ms-seq".

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "larder/base/numbers.h"

namespace larder::types {

struct StreamId {
  static constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t ms = 0;
  std::uint64_t seq = 0;

  static constexpr StreamId least() { return {0, 0}; }
  static constexpr StreamId most() { return {kMost, kMost}; }

  friend constexpr auto operator<=>(const StreamId&, const StreamId&) = default;

  bool zero() const { return ms == 0 && seq == 0; }

  // The neighbours; nothing past the ends.
  std::optional<StreamId> next() const {
    if (seq != kMost) return StreamId{ms, seq + 1};
    if (ms != kMost) return StreamId{ms + 1, 0};
    return std::nullopt;
  }
  std::optional<StreamId> previous() const {
    if (seq != 0) return StreamId{ms, seq - 1};
    if (ms != 0) return StreamId{ms - 1, kMost};
    return std::nullopt;
  }
};

using StreamIdScratch = std::array<char, 2 * base::kInt64Chars + 1>;

// "ms-seq", printed into `scratch`.
inline std::string_view print(StreamId id, StreamIdScratch& scratch) {
  const std::size_t ms = base::print_uint64(id.ms, scratch).size();
  scratch[ms] = '-';
  const std::size_t seq = base::print_uint64(id.seq, std::span(scratch).subspan(ms + 1)).size();
  return {scratch.data(), ms + 1 + seq};
}

}  // namespace larder::types
