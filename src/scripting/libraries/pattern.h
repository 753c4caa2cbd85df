#pragma once

// Matches a pattern of Lua 5.1 with a text. Backtracks with a list of choices instead of recursion:
// each choice belongs to another character of the pattern, so that the list is never longer than
// the pattern. Nothing here has a destructor; any function may raise a Lua error.

#include <array>
#include <cstddef>
#include <cstdint>
#include <lua.hpp>
#include <string_view>

#include "meter.h"

namespace larder::scripting {

class PatternMatch {
 public:
  // The text and the pattern must be on Lua's stack while this is used; a pattern ends at its first
  // zero byte. May push a value, which must stay there as long.
  PatternMatch(lua_State* lua, std::string_view text, const char* pattern);

  // The end of the match that begins at this place of the text; null if there is none.
  const char* match(const char* begin);

  // Of the last match, which was these bytes. Pushes what it has captured, or all of it if the
  // pattern captures nothing; returns the number of values.
  int push_captures(const char* begin, const char* end);
  // The capture with this index, from 0.
  void push_capture(int index, const char* begin, const char* end);
  // How many captures there are.
  int captures() const { return level_; }

  Meter& meter() { return meter_; }

 private:
  static constexpr int kMostCaptures = 32;
  static constexpr std::size_t kFewChoices = 24;
  // Sizes of captures that are none.
  static constexpr std::ptrdiff_t kUnfinished = -1;
  static constexpr std::ptrdiff_t kPosition = -2;

  struct Capture {
    const char* begin;
    std::ptrdiff_t size;
  };
  // What to do when the rest of the pattern does not match.
  struct Choice {
    enum class Kind : std::uint8_t {
      without,        // try without the optional character
      fewer,          // try with one repetition less
      more,           // try with one repetition more
      begun_capture,  // it did not begin
      ended_capture,  // it did not end
    };
    Kind kind;
    const char* at;        // in the text
    const char* single;    // in the pattern: what is repeated
    const char* rest;      // in the pattern: behind it
    std::ptrdiff_t count;  // repetitions, or the index of the capture
  };
  enum class Step : std::uint8_t { goes_on, matched, failed };

  Step step();
  Step match_single();
  Step match_most(const char* rest);
  Step match_balanced();
  Step match_frontier();
  Step match_captured();
  Step begin_capture();
  Step end_capture();
  // False if there is no choice left.
  bool retreat();
  bool retry(Choice& choice);
  const char* end_of_single(const char* single) const;
  void choose(const Choice& choice) { choices_[depth_++] = choice; }

  lua_State* lua_;
  const char* begin_;  // of the text
  const char* end_;
  const char* pattern_;
  Meter meter_;
  // Where it is.
  const char* at_ = nullptr;
  const char* in_pattern_ = nullptr;
  int level_ = 0;  // captures that have begun
  std::size_t depth_ = 0;
  Choice* choices_ = nullptr;
  std::array<Capture, kMostCaptures> captures_;
  std::array<Choice, kFewChoices> few_;
};

}  // namespace larder::scripting
