#pragma once

// The words of a line, as inline commands, configuration files and redis-cli have them: separated
// by blanks, or quoted. "double" quotes allow \n \r \t \b \a \xHH and \ before any other character;
// 'single' ones only \'. A word may begin bare and continue in quotes, but a closing quote ends it
// and must be followed by a blank or the end.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::base {

// Takes a line apart without allocating.
class WordSplitter {
 public:
  struct Word {
    // The word itself, or, if `is_changed`, its text in the line: write() converts it to the word.
    std::string_view text;
    bool is_changed;

    // Writes the word to `out`, which has room for as many bytes as `text`; returns its end.
    char* write(char* out) const;
  };

  explicit WordSplitter(std::string_view line) : rest_(line) {}

  // The next word; nothing at the end of the line, or when a quote stays open or is not followed by
  // a blank.
  std::optional<Word> next();
  bool failed() const { return failed_; }
  // What was not taken yet.
  std::string_view rest() const { return rest_; }

 private:
  std::optional<Word> quoted(std::size_t bare);

  std::string_view rest_;
  bool failed_ = false;
};

// All words of a line; nothing when a quote is wrong.
std::optional<std::vector<std::string>> split_words(std::string_view line);

}  // namespace larder::base
