#include "larder/config/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larder::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> split(std::string_view line) {
  const auto words = split_line(line);
  return words ? *words : std::vector<std::string>{"(unbalanced)"};
}

TEST(SplitLine, CutsAtBlanks) {
  EXPECT_THAT(split(" a  b\tc\r\n"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split(" \t"), IsEmpty());
}

TEST(SplitLine, ReadsDoubleQuotesWithEscapes) {
  EXPECT_THAT(split(R"(a "b c" "\x41\n\r\t\b\a\"\\\q\xZZ")"),
              ElementsAre("a", "b c", "A\n\r\t\b\a\"\\qxZZ"));
  EXPECT_THAT(split(R"("")"), ElementsAre(""));
}

TEST(SplitLine, ReadsSingleQuotesWithOnlyTheirOwnEscape) {
  EXPECT_THAT(split(R"('it\'s' 'a\n' '')"), ElementsAre("it's", "a\\n", ""));
}

TEST(SplitLine, LetsABareWordGoOnInQuotes) { EXPECT_THAT(split("a\"b c\""), ElementsAre("ab c")); }

TEST(SplitLine, RefusesOpenQuotesAndWhatFollowsClosedOnes) {
  for (const char* line : {"\"a", "'a", "\"a\"b", "'a'b", "\"\\", "a \"b\\\""}) {
    EXPECT_FALSE(split_line(line)) << line;
  }
}

TEST(SplitSpaces, KeepsEmptyParts) {
  EXPECT_THAT(split_spaces("a  b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(split_spaces(""), IsEmpty());
}

TEST(Word, ReadsBackWhateverItHolds) {
  for (const std::string text : {"plain", "", "a b", "\"", "'", "\\", "#", "\x01\xff", "a\nb"}) {
    EXPECT_THAT(split(word(text)), ElementsAre(text));
  }
  EXPECT_EQ(word("127.0.0.1"), "127.0.0.1");
}

}  // namespace
}  // namespace larder::config
