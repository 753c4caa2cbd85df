#pragma once

// Redis's glob patterns: * ? [abc] [^a] [a-z] and \ to escape.

#include <string_view>

namespace larder::base {

enum class Case { sensitive, ignored };

// Whether `text` matches `pattern`. Time is bounded by pattern length times text length,
// whatever the pattern.
bool match_glob(std::string_view pattern, std::string_view text, Case letters = Case::sensitive);

}  // namespace larder::base
