#pragma once

// Arguments that several bit commands share.

#include <cstdint>
#include <optional>

#include "larder/engine/arg_reader.h"
#include "larder/engine/host.h"
#include "larder/types/bits.h"

namespace larder::commands {

inline constexpr std::string_view kBadBitOffset =
    "ERR bit offset is not an integer or out of range";

// The offset of a bit, in decimal; at most that of the longest possible string.
std::optional<std::uint64_t> parse_bit_offset(std::string_view text, const engine::Limits& limits,
                                              unsigned unit = 1);

// Start and end as clients give them: in bytes or bits, from the end when negative.
struct GivenRange {
  std::int64_t start = 0;
  std::int64_t end = -1;
  bool in_bits = false;

  // The unit at the end of the arguments: BYTE or BIT.
  void read_unit(engine::ArgReader& args);
  // The selected bits of a string of `bytes`; nothing if there are none.
  std::optional<types::bits::Range> within(std::size_t bytes) const;
};

}  // namespace larder::commands
