#pragma once

// The syntax of one line of a configuration file: words separated by spaces, "double quotes" with
// \n \r \t \a \b \xNN escapes, 'single quotes' with \' only.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

// The words of a line; nothing if a quote is not closed, or is not followed by a space. Spaces are
// those of isspace() in the C locale.
std::optional<std::vector<std::string>> split_line(std::string_view line);

// The parts between single spaces; adjacent spaces enclose an empty part. No parts for an
// empty text.
std::vector<std::string> split_spaces(std::string_view text);

// The word in the form that split_line() reads: unchanged if it needs no quotes, quoted otherwise.
std::string word(std::string_view text);

// The words joined by one space, each made by word().
std::string join_line(const std::vector<std::string>& words);
// The words joined by one space as they are.
std::string join_spaces(const std::vector<std::string>& words);

}  // namespace larder::config
