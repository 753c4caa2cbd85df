#include "larder/base/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder::base {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> split(std::string_view line) {
  const auto words = split_words(line);
  return words ? *words : std::vector<std::string>{"(unbalanced)"};
}

TEST(Words, SplitsAtBlanks) {
  EXPECT_THAT(split(" a  b\tc\r\n"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split(" \t"), IsEmpty());
}

TEST(Words, ReadsDoubleQuotesWithEscapes) {
  EXPECT_THAT(split(R"(a "b c" "\x41\n\r\t\b\a\"\\\q\xZZ")"),
              ElementsAre("a", "b c", "A\n\r\t\b\a\"\\qxZZ"));
  EXPECT_THAT(split(R"("")"), ElementsAre(""));
}

TEST(Words, ReadsSingleQuotesWithOnlyTheirOwnEscape) {
  EXPECT_THAT(split(R"('it\'s' 'a\n' '')"), ElementsAre("it's", "a\\n", ""));
}

TEST(Words, AcceptsQuotesInsideAWord) { EXPECT_THAT(split("a\"b c\""), ElementsAre("ab c")); }

TEST(Words, RejectsUnclosedQuotesAndTextAfterClosedOnes) {
  for (const char* line : {"\"a", "'a", "\"a\"b", "'a'b", "\"\\", "a \"b\\\""}) {
    EXPECT_FALSE(split_words(line)) << line;
  }
}

// Redis uses different sets of characters for white space between words and for the end of a word.
TEST(Words, SkipsAllWhiteSpaceBetweenWords) {
  EXPECT_THAT(split("\v a\vb \"c\"\vd \f"), ElementsAre("a\vb", "c", "d"));
}

TEST(Words, ReturnsAViewOfTheLineForAnUnquotedWord) {
  const std::string_view line = R"(bare "as it is" 'x' "a\n")";
  WordSplitter splitter(line);
  for (const std::string_view expected : {"bare", "as it is", "x"}) {
    const auto word = splitter.next();
    ASSERT_TRUE(word);
    EXPECT_FALSE(word->is_changed);
    EXPECT_EQ(word->text, expected);
    EXPECT_EQ(word->text.data(), line.data() + line.find(expected));
  }
  EXPECT_TRUE(splitter.next()->is_changed);
  EXPECT_FALSE(splitter.next());
  EXPECT_FALSE(splitter.failed());
}

}  // namespace
}  // namespace larder::base
