#include "tests/transcripts/match.h"

#include <gtest/gtest.h>

namespace larder::transcripts {
namespace {

using How = Expectation::How;

TEST(Match, RequiresEveryLineExactly) {
  const Expected expected = {{How::exactly, "*2"}, {How::exactly, "  :1"}, {How::exactly, "  :2"}};
  EXPECT_TRUE(matches(expected, {"*2", "  :1", "  :2"}));
  EXPECT_FALSE(matches(expected, {"*2", "  :2", "  :1"}));
  EXPECT_FALSE(matches(expected, {"*2", "  :1"}));
  EXPECT_FALSE(matches(expected, {"*2", "  :1", "  :2", "  :3"}));
}

TEST(Match, AcceptsUnorderedNeighboursInAnyOrderEachOnce) {
  const Expected expected = {{How::exactly, "*3"},
                             {How::unordered, "\"a\""},
                             {How::unordered, "  \"b\""},
                             {How::unordered, "\"b\""}};
  EXPECT_TRUE(matches(expected, {"*3", "  \"b\"", "  \"a\"", "  \"b\""}));
  EXPECT_FALSE(matches(expected, {"*3", "  \"b\"", "  \"a\"", "  \"a\""}));
}

TEST(Match, MatchesAPatternWithTheWholeLine) {
  const Expected expected = {{How::regex, ":[0-9]+"}};
  EXPECT_TRUE(matches(expected, {":42"}));
  EXPECT_FALSE(matches(expected, {":42x"}));
  EXPECT_FALSE(matches(expected, {"x:42"}));
}

TEST(Match, RejectsAnInvalidPattern) { EXPECT_FALSE(matches({{How::regex, ":[0-9"}}, {":1"})); }

TEST(Match, AcceptsResp2NullsForResp3) {
  Step step;
  step.expected = {{How::exactly, "*2"}, {How::exactly, "  $-1"}, {How::exactly, "  *-1"}};
  EXPECT_TRUE(matches(expected_in(step, Protocol::resp3), {"*2", "  _", "  _"}));
  EXPECT_FALSE(matches(expected_in(step, Protocol::resp2), {"*2", "  _", "  _"}));
}

TEST(Match, PrefersTheReplyWrittenForResp3) {
  Step step;
  step.expected = {{How::exactly, "*0"}};
  step.expected3 = {{How::exactly, "%0"}};
  EXPECT_TRUE(matches(expected_in(step, Protocol::resp3), {"%0"}));
  EXPECT_TRUE(matches(expected_in(step, Protocol::resp2), {"*0"}));
}

}  // namespace
}  // namespace larder::transcripts
