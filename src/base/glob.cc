#include "larder/base/glob.h"

#include <cstddef>
#include <utility>

#include "larder/base/text.h"

namespace larder::base {

namespace {

unsigned char fold(char c, Case letters) {
  return static_cast<unsigned char>(letters == Case::ignored ? lower(c) : c);
}

// How one element of a pattern (a character, ?, a class) took one character of the text.
struct Step {
  bool matched;
  std::size_t next;  // where the element after it begins
};

// A class begins behind its '['. Without a closing ']' it ends with the pattern.
Step match_class(std::string_view pattern, std::size_t at, unsigned char c, Case letters) {
  const bool negated = at < pattern.size() && pattern[at] == '^';
  if (negated) ++at;
  bool found = false;
  for (; at < pattern.size() && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      found |= fold(pattern[at], letters) == c;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      unsigned char first = fold(pattern[at], letters);
      unsigned char last = fold(pattern[at + 2], letters);
      if (first > last) std::swap(first, last);
      found |= first <= c && c <= last;
      at += 2;
    } else {
      found |= fold(pattern[at], letters) == c;
    }
  }
  return {found != negated, at < pattern.size() ? at + 1 : at};
}

Step match_element(std::string_view pattern, std::size_t at, char text, Case letters) {
  const unsigned char c = fold(text, letters);
  switch (pattern[at]) {
    case '?':
      return {true, at + 1};
    case '[':
      return match_class(pattern, at + 1, c, letters);
    case '\\':
      if (at + 1 < pattern.size()) ++at;
      [[fallthrough]];
    default:
      return {fold(pattern[at], letters) == c, at + 1};
  }
}

}  // namespace

// Only the last star is ever tried again: an earlier one that took more would leave less
// for the same rest of the pattern. That bounds the time without a stack.
bool match_glob(std::string_view pattern, std::string_view text, Case letters) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t at = 0;
  std::size_t star = kNone;
  std::size_t star_text = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_text = i;
      continue;
    }
    if (at < pattern.size()) {
      const Step step = match_element(pattern, at, text[i], letters);
      if (step.matched) {
        at = step.next;
        ++i;
        continue;
      }
    }
    if (star == kNone) return false;
    at = star;
    i = ++star_text;
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

}  // namespace larder::base
