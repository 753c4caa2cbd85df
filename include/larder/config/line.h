#pragma once

// The syntax of one line of a configuration file: words as base::split_words() takes them.

#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

// The parts between single spaces; adjacent spaces enclose an empty part. No parts for an
// empty text.
std::vector<std::string> split_spaces(std::string_view text);

// The word as written in a line so that base::split_words() returns it: unchanged if nothing
// in it needs quotes, quoted otherwise.
std::string word(std::string_view text);

// The words joined by one space, each made by word().
std::string join_line(const std::vector<std::string>& words);
// The words joined by one space as they are.
std::string join_spaces(const std::vector<std::string>& words);

// `save ""` and `save` are the same: a list without words.
inline bool has_no_words(const std::vector<std::string>& arguments) {
  return arguments.empty() || (arguments.size() == 1 && arguments[0].empty());
}

}  // namespace larder::config
