#include "larder/base/words.h"

#include <algorithm>
#include <cstddef>

namespace larder::base {
namespace {

// isspace() of the C locale separates words, but only these end a bare one.
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool ends_word(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_quote(char c) { return c == '"' || c == '\''; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
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

// Whether the text continues with \xHH.
bool is_hex_escape(std::string_view text) {
  return text.size() >= 4 && text[1] == 'x' && hex_digit(text[2]) >= 0 && hex_digit(text[3]) >= 0;
}

// Where the quote at the start of `text` is closed; npos where it is not.
std::size_t closing_quote(std::string_view text) {
  const char quote = text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) return i;
    if (text[i] == '\\' && i + 1 < text.size() && (quote == '"' || text[i + 1] == quote)) ++i;
  }
  return std::string_view::npos;
}

// Writes one character of the text between quotes and removes it from `text`.
char unescape_one(std::string_view& text, char quote) {
  const bool escapes = text[0] == '\\' && text.size() > 1;
  if (escapes && quote == '"' && is_hex_escape(text)) {
    const auto c = static_cast<char>(hex_digit(text[2]) * 16 + hex_digit(text[3]));
    text.remove_prefix(4);
    return c;
  }
  const bool is_pair = escapes && (quote == '"' || text[1] == '\'');
  const char c = !is_pair ? text[0] : quote == '"' ? unescaped(text[1]) : '\'';
  text.remove_prefix(is_pair ? 2 : 1);
  return c;
}

}  // namespace

std::optional<WordSplitter::Word> WordSplitter::next() {
  const auto start = std::find_if_not(rest_.begin(), rest_.end(), is_blank);
  rest_.remove_prefix(static_cast<std::size_t>(start - rest_.begin()));
  if (rest_.empty()) return std::nullopt;
  std::size_t bare = 0;
  while (bare < rest_.size() && !ends_word(rest_[bare]) && !is_quote(rest_[bare])) ++bare;
  if (bare < rest_.size() && is_quote(rest_[bare])) return quoted(bare);
  const Word word{rest_.substr(0, bare), false};
  rest_.remove_prefix(bare);
  return word;
}

// After `bare` characters of the word there is a quote.
std::optional<WordSplitter::Word> WordSplitter::quoted(std::size_t bare) {
  const std::size_t length = closing_quote(rest_.substr(bare));
  const std::size_t end = bare + length + 1;
  failed_ = length == std::string_view::npos || (end < rest_.size() && !is_blank(rest_[end]));
  if (failed_) return std::nullopt;
  const std::string_view inside = rest_.substr(bare + 1, length - 1);
  const bool is_changed = bare > 0 || inside.find('\\') != std::string_view::npos;
  const Word word{is_changed ? rest_.substr(0, end) : inside, is_changed};
  rest_.remove_prefix(end);
  return word;
}

char* WordSplitter::Word::write(char* out) const {
  if (!is_changed) return std::copy(text.begin(), text.end(), out);
  const auto quote = std::find_if(text.begin(), text.end(), is_quote);
  out = std::copy(text.begin(), quote, out);
  std::string_view inside = text.substr(static_cast<std::size_t>(quote - text.begin()) + 1);
  inside.remove_suffix(1);
  while (!inside.empty()) *out++ = unescape_one(inside, *quote);
  return out;
}

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  WordSplitter splitter(line);
  while (const auto word = splitter.next()) {
    std::string& made = words.emplace_back(word->text);
    if (word->is_changed)
      made.resize(static_cast<std::size_t>(word->write(made.data()) - made.data()));
  }
  if (splitter.failed()) return std::nullopt;
  return words;
}

}  // namespace larder::base
