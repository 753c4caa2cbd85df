#include "larder/base/glob_pattern.h"

#include <gtest/gtest.h>

#include <string>

#include "larder/base/rng.h"

namespace larder::base {
namespace {

TEST(GlobPattern, RecognizesExactPrefixSuffixAndSubstringPatterns) {
  EXPECT_TRUE(GlobPattern("key").is_literal());
  EXPECT_TRUE(GlobPattern("").is_literal());
  EXPECT_FALSE(GlobPattern("k\\ey").is_literal());
  EXPECT_FALSE(GlobPattern("key*").is_literal());
  EXPECT_TRUE(GlobPattern("ab*ba").matches("abba"));
  EXPECT_FALSE(GlobPattern("ab*ba").matches("aba"));
  EXPECT_TRUE(GlobPattern("a*b*").matches("ab"));
  EXPECT_TRUE(GlobPattern("*[*").matches("*")) << "a class that is not closed";
}

// Patterns and texts of few letters, so that many match.
TEST(GlobPattern, AgreesWithGlob) {
  Rng rng(5);
  const auto draw = [&rng](std::string_view letters, std::size_t most) {
    std::string text;
    for (std::size_t size = rng.below(most + 1); size > 0; --size) {
      text += letters[rng.below(letters.size())];
    }
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string pattern = draw(i % 2 == 0 ? "aab**" : "ab*?[]^-\\", 6);
    const std::string text = draw("aab", 6);
    const bool expected = match_glob(pattern, text);
    ASSERT_EQ(GlobPattern(pattern).matches(text), expected) << pattern << " and " << text;
    matched += expected;
  }
  EXPECT_GT(matched, 10'000);
}

}  // namespace
}  // namespace larder::base
