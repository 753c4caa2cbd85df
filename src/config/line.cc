#include "larder/config/line.h"

#include "larder/base/text.h"

namespace larder::config {
namespace {

bool needs_quotes(std::string_view text) {
  if (text.empty() || text.front() == '#') return true;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\') return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> split_spaces(std::string_view text) {
  std::vector<std::string> parts;
  if (text.empty()) return parts;
  for (;;) {
    const std::size_t space = text.find(' ');
    parts.emplace_back(text.substr(0, space));
    if (space == std::string_view::npos) return parts;
    text.remove_prefix(space + 1);
  }
}

std::string word(std::string_view text) {
  return needs_quotes(text) ? base::quoted(text) : std::string(text);
}

std::string join_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& each : words) {
    if (!line.empty()) line += ' ';
    line += word(each);
  }
  return line;
}

std::string join_spaces(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& each : words) {
    if (!text.empty()) text += ' ';
    text += each;
  }
  return text;
}

}  // namespace larder::config
