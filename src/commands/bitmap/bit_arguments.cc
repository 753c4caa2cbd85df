#include "bit_arguments.h"

#include <algorithm>

namespace larder::commands {

std::optional<std::uint64_t> parse_bit_offset(std::string_view text, const engine::Limits& limits,
                                              unsigned unit) {
  // The maximum length of a string, for any proto-max-bulk-len.
  constexpr std::uint64_t kMostBytes = 8 * types::kLongestString - 16;
  const auto number = base::parse_int64(text);
  std::int64_t offset = 0;
  if (!number || __builtin_mul_overflow(*number, unit, &offset) || offset < 0) return std::nullopt;
  const std::uint64_t bytes = static_cast<std::uint64_t>(offset) / 8 + 1;
  if (!limits.admits_string(bytes) || bytes > kMostBytes) return std::nullopt;
  return static_cast<std::uint64_t>(offset);
}

void GivenRange::read_unit(engine::ArgReader& args) {
  if (args.word("BIT")) {
    in_bits = true;
  } else if (!args.word("BYTE")) {
    args.fail(engine::errors::kSyntax);
  }
}

std::optional<types::bits::Range> GivenRange::within(std::size_t bytes) const {
  const auto total = static_cast<std::int64_t>(in_bits ? bytes * 8 : bytes);
  const std::int64_t from = std::max<std::int64_t>(start < 0 ? total + start : start, 0);
  const std::int64_t to =
      std::min(std::max<std::int64_t>(end < 0 ? total + end : end, 0), total - 1);
  if (from > to) return std::nullopt;
  const auto first = static_cast<std::uint64_t>(from);
  const auto last = static_cast<std::uint64_t>(to);
  if (in_bits) return types::bits::Range{first, last};
  return types::bits::Range{first * 8, last * 8 + 7};
}

}  // namespace larder::commands
