#pragma once

// The ends of ranges as arguments give them.

#include <optional>
#include <string_view>

#include "larder/types/sorted_set.h"

namespace larder::commands {

inline constexpr std::string_view kNotAScoreRange = "ERR min or max is not a float";
inline constexpr std::string_view kNotATextRange = "ERR min or max not valid string range item";

// "1.5", "(1.5", "-inf", "+inf". Parsed as in C: leading blanks are allowed, and an empty text is
// 0.
std::optional<types::ScoreRange> read_score_range(std::string_view least, std::string_view most);

// "[text", "(text", "-", "+".
std::optional<types::TextRange> read_text_range(std::string_view least, std::string_view most);

// Ranks from `start` to `stop`, both included, negative from the end; counted from the greatest
// when `reversed`.
types::RankRange rank_range(std::int64_t start, std::int64_t stop, std::size_t size, bool reversed);

}  // namespace larder::commands
