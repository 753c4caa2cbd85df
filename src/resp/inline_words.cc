#include "inline_words.h"

#include <algorithm>

namespace larder::resp {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool ends_word(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

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

class WordSplitter {
 public:
  WordSplitter(std::string_view line, Batch& batch)
      : at_(line.data()), end_(at_ + line.size()), batch_(batch) {}

  // The next word; nothing at the end of the line or when the quotes are wrong.
  std::optional<std::string_view> next() {
    while (at_ != end_ && is_space(*at_)) ++at_;
    if (at_ == end_) return std::nullopt;
    const char* start = at_;
    while (at_ != end_ && !ends_word(*at_) && *at_ != '"' && *at_ != '\'') ++at_;
    const std::string_view plain(start, static_cast<std::size_t>(at_ - start));
    if (at_ == end_ || ends_word(*at_)) return plain;
    return quoted(plain);
  }

  bool failed() const { return failed_; }

 private:
  // The word goes on with a quote behind the characters `plain`.
  std::optional<std::string_view> quoted(std::string_view plain) {
    const char quote = *at_++;
    const char* inside = at_;
    while (at_ != end_ && *at_ != quote && *at_ != '\\') ++at_;
    const std::string_view same(inside, static_cast<std::size_t>(at_ - inside));
    if (plain.empty() && at_ != end_ && *at_ == quote) return closed(same);
    start_copy();
    char* word = copy_;
    put(plain);
    put(same);
    while (at_ != end_ && *at_ != quote) put_one(quote);
    return closed({word, static_cast<std::size_t>(copy_ - word)});
  }

  // at_ stands on the closing quote, or at the end when there is none.
  std::optional<std::string_view> closed(std::string_view word) {
    failed_ = at_ == end_ || (++at_ != end_ && !is_space(*at_));
    if (failed_) return std::nullopt;
    return word;
  }

  void put_one(char quote) {
    char c = *at_++;
    if (c == '\\' && at_ != end_) {
      if (quote == '\'') {
        if (*at_ == '\'') c = *at_++;
      } else if (is_hex_escape()) {
        c = static_cast<char>(hex_digit(at_[1]) * 16 + hex_digit(at_[2]));
        at_ += 3;
      } else {
        c = unescaped(*at_++);
      }
    }
    *copy_++ = c;
  }

  bool is_hex_escape() const {
    return end_ - at_ >= 3 && *at_ == 'x' && hex_digit(at_[1]) >= 0 && hex_digit(at_[2]) >= 0;
  }

  void put(std::string_view text) { copy_ = std::copy(text.begin(), text.end(), copy_); }

  // No copy is longer than its original, so the length of the line is room for the copies of all
  // its words.
  void start_copy() {
    if (copy_ == nullptr) copy_ = batch_.text_room(line_bytes_);
  }

  const char* at_;
  const char* end_;
  const std::size_t line_bytes_ = static_cast<std::size_t>(end_ - at_);
  Batch& batch_;
  char* copy_ = nullptr;
  bool failed_ = false;
};

}  // namespace

std::optional<std::size_t> split_words(std::string_view line, std::string_view* words,
                                       Batch& batch) {
  WordSplitter splitter(line, batch);
  std::size_t count = 0;
  while (const auto word = splitter.next()) words[count++] = *word;
  if (splitter.failed()) return std::nullopt;
  return count;
}

}  // namespace larder::resp
