#include "range_bounds.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace larder::commands {
namespace {

// The longest text that is parsed as a number; further digits have no effect.
constexpr std::size_t kMostDigits = 1024;

std::optional<double> read_bound(std::string_view text, bool& excluded) {
  excluded = !text.empty() && text.front() == '(';
  if (excluded) text.remove_prefix(1);
  if (text.size() >= kMostDigits) return std::nullopt;
  char terminated[kMostDigits];
  if (!text.empty()) std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  char* end = nullptr;
  const double value = std::strtod(terminated, &end);
  if (*end != '\0' || std::isnan(value)) return std::nullopt;
  return value;
}

std::optional<types::TextBound> read_text_bound(std::string_view text) {
  using Kind = types::TextBound::Kind;
  if (text == "-") return types::TextBound{Kind::lowest};
  if (text == "+") return types::TextBound{Kind::highest};
  if (text.empty() || (text.front() != '[' && text.front() != '(')) return std::nullopt;
  const Kind kind = text.front() == '[' ? Kind::including : Kind::excluding;
  return types::TextBound{kind, text.substr(1)};
}

}  // namespace

std::optional<types::ScoreRange> read_score_range(std::string_view least, std::string_view most) {
  types::ScoreRange range;
  const auto from = read_bound(least, range.without_least);
  const auto to = read_bound(most, range.without_most);
  if (!from || !to) return std::nullopt;
  range.least = *from;
  range.most = *to;
  return range;
}

std::optional<types::TextRange> read_text_range(std::string_view least, std::string_view most) {
  const auto from = read_text_bound(least);
  const auto to = read_text_bound(most);
  if (!from || !to) return std::nullopt;
  return types::TextRange{*from, *to};
}

types::RankRange rank_range(std::int64_t start, std::int64_t stop, std::size_t size,
                            bool reversed) {
  const auto count = static_cast<std::int64_t>(size);
  if (start < 0) start = std::max<std::int64_t>(start + count, 0);
  if (stop < 0) stop += count;
  stop = std::min(stop, count - 1);
  if (start > stop) return {};
  const auto first = static_cast<std::size_t>(start);
  const auto end = static_cast<std::size_t>(stop) + 1;
  if (reversed) return {size - end, size - first};
  return {first, end};
}

}  // namespace larder::commands
