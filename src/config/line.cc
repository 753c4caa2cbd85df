#include "larder/config/line.h"

#include "larder/base/text.h"

namespace larder::config {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : rest_(line) {}

  std::optional<std::vector<std::string>> run() {
    std::vector<std::string> words;
    for (skip_blanks(); !rest_.empty(); skip_blanks()) {
      words.emplace_back();
      if (!read_word(words.back())) return std::nullopt;
    }
    return words;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }

  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  // A word may begin bare and go on in quotes, but it ends with them.
  bool read_word(std::string& word) {
    while (!rest_.empty() && !is_blank(rest_.front())) {
      const char c = take();
      if (c == '"') return read_double_quoted(word) && at_word_end();
      if (c == '\'') return read_single_quoted(word) && at_word_end();
      word += c;
    }
    return true;
  }

  bool at_word_end() const { return rest_.empty() || is_blank(rest_.front()); }

  bool read_double_quoted(std::string& word) {
    while (!rest_.empty()) {
      const char c = take();
      if (c == '"') return true;
      if (c != '\\' || rest_.empty()) {
        word += c;
      } else if (is_hex_escape()) {
        word += static_cast<char>(hex_digit(rest_[1]) * 16 + hex_digit(rest_[2]));
        rest_.remove_prefix(3);
      } else {
        word += unescaped(take());
      }
    }
    return false;
  }

  bool is_hex_escape() const {
    return rest_.size() >= 3 && rest_[0] == 'x' && hex_digit(rest_[1]) >= 0 &&
           hex_digit(rest_[2]) >= 0;
  }

  bool read_single_quoted(std::string& word) {
    while (!rest_.empty()) {
      const char c = take();
      if (c == '\'') return true;
      if (c == '\\' && !rest_.empty() && rest_.front() == '\'') {
        word += take();
      } else {
        word += c;
      }
    }
    return false;
  }

  std::string_view rest_;
};

bool needs_quotes(std::string_view text) {
  if (text.empty() || text.front() == '#') return true;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\') return true;
  }
  return false;
}

}  // namespace

std::optional<std::vector<std::string>> split_line(std::string_view line) {
  return Splitter(line).run();
}

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
