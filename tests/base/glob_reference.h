#pragma once

// Redis's glob patterns as its replies show them, written for comparison: every way to match is
// tried, and its result is stored by the positions in pattern and text.

#include <string_view>
#include <vector>

#include "larder/base/glob.h"
#include "larder/base/text.h"

namespace larder::base {

class GlobReference {
 public:
  GlobReference(std::string_view pattern, std::string_view text, Case letters)
      : pattern_(pattern),
        text_(text),
        letters_(letters),
        known_((pattern.size() + 1) * (text.size() + 1), kUnknown) {}

  bool matches() { return text_.empty() ? pattern_.empty() : matches_from(0, 0); }

 private:
  enum Known : char { kUnknown, kNo, kYes };

  int folded(char c) const {
    return static_cast<signed char>(letters_ == Case::ignored ? lower(c) : c);
  }

  bool matches_from(std::size_t at, std::size_t i) {
    Known& known = known_[at * (text_.size() + 1) + i];
    if (known == kUnknown) known = find(at, i) ? kYes : kNo;
    return known == kYes;
  }

  bool find(std::size_t at, std::size_t i) {
    if (at == pattern_.size()) return i == text_.size();
    if (pattern_[at] == '*') {
      return matches_from(at + 1, i) || (i < text_.size() && matches_from(at, i + 1));
    }
    if (i == text_.size()) return false;
    if (pattern_[at] == '?') return matches_from(at + 1, i + 1);
    if (pattern_[at] == '[') return find_class(at + 1, i);
    if (pattern_[at] == '\\' && at + 1 < pattern_.size()) ++at;
    return folded(pattern_[at]) == folded(text_[i]) && matches_from(at + 1, i + 1);
  }

  bool find_class(std::size_t at, std::size_t i) {
    const bool negated = at < pattern_.size() && pattern_[at] == '^';
    if (negated) ++at;
    const int c = folded(text_[i]);
    bool found = false;
    while (at < pattern_.size() && pattern_[at] != ']') {
      if (pattern_[at] == '\\' && at + 1 < pattern_.size()) {
        found |= pattern_[at + 1] == text_[i];
        at += 2;
      } else if (at + 2 < pattern_.size() && pattern_[at + 1] == '-') {
        const auto one = static_cast<signed char>(pattern_[at]);
        const auto other = static_cast<signed char>(pattern_[at + 2]);
        found |= folded(one <= other ? pattern_[at] : pattern_[at + 2]) <= c &&
                 c <= folded(one <= other ? pattern_[at + 2] : pattern_[at]);
        at += 3;
      } else {
        found |= folded(pattern_[at]) == c;
        at += 1;
      }
    }
    if (at < pattern_.size()) ++at;
    return found != negated && matches_from(at, i + 1);
  }

  std::string_view pattern_;
  std::string_view text_;
  Case letters_;
  std::vector<Known> known_;
};

}  // namespace larder::base
