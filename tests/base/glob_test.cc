#include "larder/base/glob.h"

#include <gtest/gtest.h>

#include <string>

#include "larder/base/rng.h"
#include "tests/base/glob_reference.h"

namespace larder::base {
namespace {

TEST(Glob, MatchesLiteralsAndWildcards) {
  EXPECT_TRUE(match_glob("", ""));
  EXPECT_FALSE(match_glob("", "a"));
  // As in Redis, where KEYS and SCAN do not call the matcher for a single star.
  EXPECT_FALSE(match_glob("*", ""));
  EXPECT_TRUE(match_glob("h?llo", "hello"));
  EXPECT_FALSE(match_glob("h?llo", "hllo"));
  EXPECT_TRUE(match_glob("h*llo", "hllo"));
  EXPECT_TRUE(match_glob("*:*:x", "a:b:c:x"));
  EXPECT_FALSE(match_glob("a*", "ba"));
  EXPECT_TRUE(match_glob("a**", "a"));
}

TEST(Glob, MatchesClasses) {
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

TEST(Glob, ClosesAnOpenClassAtTheEndOfThePattern) {
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

TEST(Glob, TreatsEachByteAsOneCharacter) {
  EXPECT_TRUE(match_glob("[\x80-\xff]", "\xe4"));
  EXPECT_FALSE(match_glob("[a-z]", "\xe4"));
}

// As redis-server 7.0.15 replies to KEYS and CONFIG GET.
TEST(Glob, ComparesSignedBytesInRanges) {
  EXPECT_TRUE(match_glob("[a-\xff]", "Z"));
  EXPECT_TRUE(match_glob("[a-\xff]", "\x10"));
  EXPECT_FALSE(match_glob("[a-\xff]", "b"));
  EXPECT_FALSE(match_glob("[a-\xff]", "\x80"));
  EXPECT_FALSE(match_glob("[\x90-\x80]", "\xff"));
}

TEST(Glob, SwapsTheEndsOfARangeBeforeItIgnoresCase) {
  EXPECT_FALSE(match_glob("[Z-a]x", "mx", Case::ignored));
  EXPECT_TRUE(match_glob("[z-A]x", "mx", Case::ignored));
  EXPECT_FALSE(match_glob("[\\M]x", "mx", Case::ignored));
  EXPECT_TRUE(match_glob("[M]x", "mx", Case::ignored));
}

TEST(Glob, IsFastOnLongClasses) {
  std::string members;
  for (int i = 0; i < 6'700; ++i) members += "bcdefghij";
  const std::string text(60'000, 'a');
  EXPECT_FALSE(match_glob("*[" + members + "]z", text));
  EXPECT_FALSE(match_glob("*[^" + members + "]?[" + members + "]", text));
  EXPECT_TRUE(match_glob("*[^" + members + "]?[^" + members + "]", text));
}

TEST(Glob, MatchesAnyNumberOfStars) {
  std::string pattern;
  for (int i = 0; i < 50'000; ++i) pattern += "*?";
  EXPECT_TRUE(match_glob(pattern, std::string(50'000, 'a')));
  EXPECT_FALSE(match_glob(pattern, std::string(49'999, 'a')));
}

TEST(Glob, TreatsLongClassesLikeShortOnes) {
  Rng rng(11);
  for (int i = 0; i < 2'000; ++i) {
    std::string items;
    for (auto n = rng.below(6) + 1; n > 0; --n) items += "aZ-^\\x\x80\xff"[rng.below(8)];
    // The padding adds a byte that `items` may contain anyway, and neither begins nor ends a range.
    const std::string padded = "[" + items + "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!]";
    const std::string plain = "[" + items + "!!]";
    for (const Case letters : {Case::sensitive, Case::ignored}) {
      for (int c = 0; c < 256; ++c) {
        const std::string text(1, static_cast<char>(c));
        ASSERT_EQ(match_glob(padded, text, letters), match_glob(plain, text, letters))
            << plain << " on " << c;
      }
    }
  }
}

// A pattern of many stars against a text that nearly matches: exponential for a matcher that
// tries every star again.
TEST(Glob, IsFastOnManyStars) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  EXPECT_FALSE(match_glob(pattern + "b", std::string(3000, 'a')));
}

TEST(Glob, AgreesWithTheDefinitionOnRandomPatterns) {
  constexpr std::string_view kPattern = "aAbZ*?\\[]^-\x80\xff";
  constexpr std::string_view kText = "aAbBzZ*\\]-\x80\xff";
  Rng rng(7);
  int matched = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string pattern;
    std::string text;
    for (auto n = rng.below(9); n > 0; --n) pattern += kPattern[rng.below(kPattern.size())];
    for (auto n = rng.below(6); n > 0; --n) text += kText[rng.below(kText.size())];
    const Case letters = rng.below(2) == 0 ? Case::sensitive : Case::ignored;
    const bool expected = GlobReference(pattern, text, letters).matches();
    matched += expected;
    ASSERT_EQ(match_glob(pattern, text, letters), expected) << pattern << " on " << text;
  }
  EXPECT_GT(matched, 5'000);
}

}  // namespace
}  // namespace larder::base
