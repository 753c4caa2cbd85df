#include "words.h"

#include <charconv>

namespace larder::transcripts {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char escaped(char c) {
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

bool starts_hex(std::string_view rest) {
  return rest.size() >= 4 && rest[1] == 'x' && hex_digit(rest[2]) >= 0 && hex_digit(rest[3]) >= 0;
}

// One word at a time, from the start of `rest`, which shrinks.
struct Splitter {
  std::string_view rest;
  std::string word;

  bool quoted(char quote) {
    rest.remove_prefix(1);
    while (!rest.empty()) {
      if (rest[0] == quote) {
        rest.remove_prefix(1);
        return rest.empty() || rest[0] == ' ';
      }
      if (rest[0] == '\\' && rest.size() > 1) {
        escape(quote);
      } else {
        word += rest[0];
        rest.remove_prefix(1);
      }
    }
    return false;
  }

  void escape(char quote) {
    if (quote == '"' && starts_hex(rest)) {
      word += static_cast<char>(hex_digit(rest[2]) * 16 + hex_digit(rest[3]));
      rest.remove_prefix(4);
    } else if (quote == '"' || rest[1] == '\'') {
      word += quote == '"' ? escaped(rest[1]) : rest[1];
      rest.remove_prefix(2);
    } else {
      word += rest[0];
      rest.remove_prefix(1);
    }
  }

  // {1000*text}; anything else that begins with a brace is a plain word.
  bool repeated() {
    const std::size_t end = rest.find('}');
    const std::size_t star = rest.find('*');
    if (end == std::string_view::npos || star == std::string_view::npos || star > end) return false;
    std::size_t times = 0;
    const auto parsed = std::from_chars(rest.data() + 1, rest.data() + star, times);
    if (parsed.ec != std::errc() || parsed.ptr != rest.data() + star) return false;
    const std::string_view text = rest.substr(star + 1, end - star - 1);
    word.reserve(times * text.size());
    for (std::size_t i = 0; i < times; ++i) word += text;
    rest.remove_prefix(end + 1);
    return true;
  }

  bool next() {
    word.clear();
    if (rest[0] == '{' && repeated()) return true;
    while (!rest.empty() && rest[0] != ' ') {
      if (rest[0] == '"' || rest[0] == '\'') return quoted(rest[0]);
      word += rest[0];
      rest.remove_prefix(1);
    }
    return true;
  }
};

}  // namespace

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  Splitter splitter{line, {}};
  while (true) {
    while (!splitter.rest.empty() && splitter.rest[0] == ' ') splitter.rest.remove_prefix(1);
    if (splitter.rest.empty()) return words;
    if (!splitter.next()) return std::nullopt;
    words.push_back(splitter.word);
  }
}

std::string encode_request(const std::vector<std::string>& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return out;
}

}  // namespace larder::transcripts
