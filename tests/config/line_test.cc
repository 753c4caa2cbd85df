#include "larder/config/line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "larder/base/words.h"

namespace larder::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> split(std::string_view line) {
  const auto words = base::split_words(line);
  return words ? *words : std::vector<std::string>{"(unbalanced)"};
}

TEST(SplitSpaces, SplitSpacesKeepsEmptyParts) {
  EXPECT_THAT(split_spaces("a  b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(split_spaces(""), IsEmpty());
}

TEST(Word, IsParsedAsTheSameText) {
  for (const std::string text : {"plain", "", "a b", "\"", "'", "\\", "#", "\x01\xff", "a\nb"}) {
    EXPECT_THAT(split(word(text)), ElementsAre(text));
  }
  EXPECT_EQ(word("127.0.0.1"), "127.0.0.1");
}

}  // namespace
}  // namespace larder::config
