#include "larder/base/glob.h"

#include <gtest/gtest.h>

#include <string>

#include "larder/base/rng.h"

namespace larder::base {
namespace {

TEST(Glob, MatchesLiteralsAndWildcards) {
  EXPECT_TRUE(match_glob("", ""));
  EXPECT_FALSE(match_glob("", "a"));
  EXPECT_TRUE(match_glob("*", ""));
  EXPECT_TRUE(match_glob("h?llo", "hello"));
  EXPECT_FALSE(match_glob("h?llo", "hllo"));
  EXPECT_TRUE(match_glob("h*llo", "hllo"));
  EXPECT_TRUE(match_glob("*:*:x", "a:b:c:x"));
  EXPECT_FALSE(match_glob("a*", "ba"));
  EXPECT_TRUE(match_glob("a**", "a"));
}

TEST(Glob, KnowsClasses) {
  EXPECT_TRUE(match_glob("h[ae]llo", "hallo"));
  EXPECT_FALSE(match_glob("h[ae]llo", "hillo"));
  EXPECT_TRUE(match_glob("h[^e]llo", "hallo"));
  EXPECT_FALSE(match_glob("h[^e]llo", "hello"));
  EXPECT_TRUE(match_glob("[a-c]", "b"));
  EXPECT_TRUE(match_glob("[c-a]", "b"));
  EXPECT_FALSE(match_glob("[a-c]", "d"));
  EXPECT_TRUE(match_glob("[\\]]", "]"));
  // The bracket is the end of a range here, and closes nothing.
  EXPECT_TRUE(match_glob("[a-]", "^"));
  EXPECT_FALSE(match_glob("[a-]", "-"));
  EXPECT_FALSE(match_glob("[]", "a"));
  EXPECT_TRUE(match_glob("[^]", "a"));
}

TEST(Glob, EndsAnUnclosedClassWithThePattern) {
  EXPECT_TRUE(match_glob("a[bc", "ab"));
  EXPECT_TRUE(match_glob("a[bc", "ac"));
  EXPECT_FALSE(match_glob("a[bc", "ad"));
  EXPECT_FALSE(match_glob("[", "a"));
}

TEST(Glob, EscapesWithABackslash) {
  EXPECT_TRUE(match_glob("a\\*b", "a*b"));
  EXPECT_FALSE(match_glob("a\\*b", "axb"));
  EXPECT_TRUE(match_glob("\\\\", "\\"));
  EXPECT_TRUE(match_glob("a\\", "a\\"));
}

TEST(Glob, IgnoresCaseWhenAsked) {
  EXPECT_FALSE(match_glob("MAX*", "maxmemory"));
  EXPECT_TRUE(match_glob("MAX*", "maxmemory", Case::ignored));
  EXPECT_TRUE(match_glob("[A-C]x", "bX", Case::ignored));
}

TEST(Glob, TakesBytesAbove127AsOneCharacterEach) {
  EXPECT_TRUE(match_glob("[\x80-\xff]", "\xe4"));
  EXPECT_FALSE(match_glob("[a-z]", "\xe4"));
}

// A pattern of many stars against a text that nearly matches: exponential for a matcher that
// tries every star again.
TEST(Glob, StaysQuickOnManyStars) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  EXPECT_FALSE(match_glob(pattern + "b", std::string(3000, 'a')));
}

// The definition, tried in every way.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (std::size_t taken = 0; taken <= text.size(); ++taken) {
      if (matches_by_definition(pattern.substr(1), text.substr(taken))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  if (pattern[0] == '?') return matches_by_definition(pattern.substr(1), text.substr(1));
  if (pattern[0] == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  return pattern[0] == text[0] && matches_by_definition(pattern.substr(1), text.substr(1));
}

TEST(Glob, AgreesWithTheDefinitionOnRandomPatterns) {
  Rng rng(7);
  int matched = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string pattern;
    std::string text;
    for (auto n = rng.below(8); n > 0; --n) pattern += "ab*?\\"[rng.below(5)];
    for (auto n = rng.below(8); n > 0; --n) text += "ab*\\"[rng.below(4)];
    const bool expected = matches_by_definition(pattern, text);
    matched += expected;
    ASSERT_EQ(match_glob(pattern, text), expected) << pattern << " on " << text;
  }
  EXPECT_GT(matched, 5'000);
}

}  // namespace
}  // namespace larder::base
