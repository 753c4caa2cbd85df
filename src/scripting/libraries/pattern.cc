#include "pattern.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace larder::scripting {
namespace {

constexpr char kEscape = '%';
constexpr std::string_view kChoosing = "()?*+-";
// Characters that are looked at between two charges.
constexpr std::ptrdiff_t kStretch = 4096;

bool is_of_class(int c, int letter) {
  bool found;
  switch (std::tolower(letter)) {
    case 'a':
      found = std::isalpha(c) != 0;
      break;
    case 'c':
      found = std::iscntrl(c) != 0;
      break;
    case 'd':
      found = std::isdigit(c) != 0;
      break;
    case 'l':
      found = std::islower(c) != 0;
      break;
    case 'p':
      found = std::ispunct(c) != 0;
      break;
    case 's':
      found = std::isspace(c) != 0;
      break;
    case 'u':
      found = std::isupper(c) != 0;
      break;
    case 'w':
      found = std::isalnum(c) != 0;
      break;
    case 'x':
      found = std::isxdigit(c) != 0;
      break;
    case 'z':
      found = c == 0;
      break;
    default:
      return letter == c;
  }
  return found == (std::islower(letter) != 0);
}

int code(char c) { return static_cast<unsigned char>(c); }

// `set` is at its '[', `last` at its ']'.
bool is_in_set(int c, const char* set, const char* last) {
  const bool is_positive = set[1] != '^';
  if (!is_positive) ++set;
  while (++set < last) {
    if (*set == kEscape) {
      ++set;
      if (is_of_class(c, code(*set))) return is_positive;
    } else if (set[1] == '-' && set + 2 < last) {
      set += 2;
      if (code(set[-2]) <= c && c <= code(*set)) return is_positive;
    } else if (code(*set) == c) {
      return is_positive;
    }
  }
  return !is_positive;
}

// `single` is one item of a pattern that stands for a character, and `rest` is behind it.
bool fits(char character, const char* single, const char* rest) {
  const int c = code(character);
  switch (*single) {
    case '.':
      return true;
    case kEscape:
      return is_of_class(c, code(single[1]));
    case '[':
      return is_in_set(c, single, rest - 1);
    default:
      return code(*single) == c;
  }
}

std::size_t most_choices(const char* pattern) {
  const std::string_view characters(pattern);
  return static_cast<std::size_t>(std::count_if(characters.begin(), characters.end(), [](char c) {
    return kChoosing.find(c) != std::string_view::npos;
  }));
}

}  // namespace

PatternMatch::PatternMatch(lua_State* lua, std::string_view text, const char* pattern)
    : lua_(lua),
      begin_(text.data()),
      end_(text.data() + text.size()),
      pattern_(pattern),
      meter_(lua) {
  const std::size_t most = most_choices(pattern);
  choices_ = most <= kFewChoices
                 ? few_.data()
                 : static_cast<Choice*>(lua_newuserdata(lua, most * sizeof(Choice)));
}

const char* PatternMatch::match(const char* begin) {
  level_ = 0;
  depth_ = 0;
  at_ = begin;
  in_pattern_ = pattern_;
  for (;;) {
    meter_.charge(1);
    const Step taken = step();
    if (taken == Step::matched) return at_;
    if (taken == Step::failed && !retreat()) return nullptr;
  }
}

PatternMatch::Step PatternMatch::step() {
  switch (*in_pattern_) {
    case '\0':
      return Step::matched;
    case '(':
      return begin_capture();
    case ')':
      return end_capture();
    case '$':
      if (in_pattern_[1] != '\0') break;
      return at_ == end_ ? Step::matched : Step::failed;
    case kEscape:
      if (in_pattern_[1] == 'b') return match_balanced();
      if (in_pattern_[1] == 'f') return match_frontier();
      if (std::isdigit(code(in_pattern_[1])) != 0) return match_captured();
      break;
    default:
      break;
  }
  return match_single();
}

PatternMatch::Step PatternMatch::match_single() {
  const char* const rest = end_of_single(in_pattern_);
  const bool is_fitting = at_ < end_ && fits(*at_, in_pattern_, rest);
  switch (*rest) {
    case '?':
      if (is_fitting) choose({Choice::Kind::without, at_++, in_pattern_, rest + 1, 0});
      in_pattern_ = rest + 1;
      return Step::goes_on;
    case '*':
      return match_most(rest);
    case '+':
      if (!is_fitting) return Step::failed;
      ++at_;
      return match_most(rest);
    case '-':
      choose({Choice::Kind::more, at_, in_pattern_, rest + 1, 0});
      in_pattern_ = rest + 1;
      return Step::goes_on;
    default:
      if (!is_fitting) return Step::failed;
      ++at_;
      in_pattern_ = rest;
      return Step::goes_on;
  }
}

PatternMatch::Step PatternMatch::match_most(const char* rest) {
  const char* last = at_;
  for (bool is_fitting = true; is_fitting;) {
    const char* const stretch = last + std::min(kStretch, end_ - last);
    const char* const before = last;
    while (last < stretch && fits(*last, in_pattern_, rest)) ++last;
    meter_.charge(static_cast<std::size_t>(last - before));
    is_fitting = last == stretch && last < end_;
  }
  if (last != at_) choose({Choice::Kind::fewer, at_, in_pattern_, rest + 1, last - at_});
  at_ = last;
  in_pattern_ = rest + 1;
  return Step::goes_on;
}

PatternMatch::Step PatternMatch::match_balanced() {
  const char opening = in_pattern_[2];
  if (opening == '\0' || in_pattern_[3] == '\0') luaL_error(lua_, "unbalanced pattern");
  const char closing = in_pattern_[3];
  if (at_ == end_ || *at_ != opening) return Step::failed;
  std::size_t open = 1;
  for (const char* next = at_ + 1; next < end_; ++next) {
    if ((next - at_) % kStretch == 0) meter_.charge(kStretch);
    if (*next == closing) {
      if (--open > 0) continue;
      at_ = next + 1;
      in_pattern_ += 4;
      return Step::goes_on;
    }
    if (*next == opening) ++open;
  }
  return Step::failed;
}

// The place between a character that is not in the set and one that is. The text has a zero byte on
// both sides.
PatternMatch::Step PatternMatch::match_frontier() {
  const char* const set = in_pattern_ + 2;
  if (*set != '[') luaL_error(lua_, "missing '[' after '%%f' in pattern");
  const char* const rest = end_of_single(set);
  const int before = at_ == begin_ ? 0 : code(at_[-1]);
  const int behind = at_ == end_ ? 0 : code(*at_);
  if (is_in_set(before, set, rest - 1) || !is_in_set(behind, set, rest - 1)) return Step::failed;
  in_pattern_ = rest;
  return Step::goes_on;
}

// The same text as an earlier capture; a captured position never matches.
PatternMatch::Step PatternMatch::match_captured() {
  const int index = code(in_pattern_[1]) - '1';
  if (index < 0 || index >= level_ ||
      captures_[static_cast<std::size_t>(index)].size == kUnfinished)
    luaL_error(lua_, "invalid capture index");
  const Capture& capture = captures_[static_cast<std::size_t>(index)];
  if (capture.size == kPosition || end_ - at_ < capture.size) return Step::failed;
  const auto size = static_cast<std::size_t>(capture.size);
  meter_.charge(size);
  if (std::memcmp(capture.begin, at_, size) != 0) return Step::failed;
  at_ += size;
  in_pattern_ += 2;
  return Step::goes_on;
}

PatternMatch::Step PatternMatch::begin_capture() {
  const bool is_position = in_pattern_[1] == ')';
  if (level_ >= kMostCaptures) luaL_error(lua_, "too many captures");
  captures_[static_cast<std::size_t>(level_)] = {at_, is_position ? kPosition : kUnfinished};
  choose({Choice::Kind::begun_capture, at_, in_pattern_, in_pattern_, level_++});
  in_pattern_ += is_position ? 2 : 1;
  return Step::goes_on;
}

PatternMatch::Step PatternMatch::end_capture() {
  int index = level_ - 1;
  while (index >= 0 && captures_[static_cast<std::size_t>(index)].size != kUnfinished) --index;
  if (index < 0) luaL_error(lua_, "invalid pattern capture");
  Capture& capture = captures_[static_cast<std::size_t>(index)];
  capture.size = at_ - capture.begin;
  choose({Choice::Kind::ended_capture, at_, in_pattern_, in_pattern_, index});
  ++in_pattern_;
  return Step::goes_on;
}

bool PatternMatch::retreat() {
  while (depth_ > 0) {
    if (retry(choices_[depth_ - 1])) return true;
    --depth_;
  }
  return false;
}

// False if the choice has no further possibility.
bool PatternMatch::retry(Choice& choice) {
  switch (choice.kind) {
    case Choice::Kind::without:
      --depth_;
      break;
    case Choice::Kind::fewer:
      if (choice.count == 0) return false;
      --choice.count;
      break;
    case Choice::Kind::more:
      if (choice.at == end_ || !fits(*choice.at, choice.single, choice.rest - 1)) return false;
      ++choice.at;
      break;
    case Choice::Kind::begun_capture:
      --level_;
      return false;
    case Choice::Kind::ended_capture:
      captures_[static_cast<std::size_t>(choice.count)].size = kUnfinished;
      return false;
  }
  at_ = choice.at + choice.count;
  in_pattern_ = choice.rest;
  return true;
}

const char* PatternMatch::end_of_single(const char* single) const {
  const char first = *single++;
  if (first == kEscape) {
    if (*single == '\0') luaL_error(lua_, "malformed pattern (ends with '%%')");
    return single + 1;
  }
  if (first != '[') return single;
  if (*single == '^') ++single;
  // A ']' at the beginning is a character of the set.
  do {
    if (*single == '\0') luaL_error(lua_, "malformed pattern (missing ']')");
    if (*single++ == kEscape && *single != '\0') ++single;
  } while (*single != ']');
  return single + 1;
}

int PatternMatch::push_captures(const char* begin, const char* end) {
  const int count = level_ == 0 && begin != nullptr ? 1 : level_;
  luaL_checkstack(lua_, count, "too many captures");
  for (int i = 0; i < count; ++i) push_capture(i, begin, end);
  return count;
}

void PatternMatch::push_capture(int index, const char* begin, const char* end) {
  if (index >= level_) {
    if (index != 0) luaL_error(lua_, "invalid capture index");
    return lua_pushlstring(lua_, begin, static_cast<std::size_t>(end - begin));
  }
  const Capture& capture = captures_[static_cast<std::size_t>(index)];
  if (capture.size == kUnfinished) luaL_error(lua_, "unfinished capture");
  if (capture.size == kPosition) return lua_pushinteger(lua_, capture.begin - begin_ + 1);
  lua_pushlstring(lua_, capture.begin, static_cast<std::size_t>(capture.size));
}

}  // namespace larder::scripting
