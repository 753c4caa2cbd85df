#include "larder/base/format.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace larder::base {
namespace {

TEST(Format, PrintsIntoABuffer) {
  std::array<char, 16> room;
  EXPECT_EQ(print_into(room, "%d of %s", 3, "five"), "3 of five");
  EXPECT_EQ(print_into(room, "%s", ""), "");
}

TEST(Format, TruncatesTextLongerThanTheBuffer) {
  std::array<char, 8> room;
  room.fill('x');
  const std::string_view text = print_into(std::span(room).first(5), "%f", 1e308);
  EXPECT_EQ(text.size(), 4);
  EXPECT_EQ(room[4], '\0');
  EXPECT_EQ(room[5], 'x');
  EXPECT_EQ(print_into({}, "%d", 1), "");
}

TEST(Format, PrintsEveryDoubleCompletely) {
  std::array<char, kFixedDoubleChars> room;
  const std::string_view text = print_into(room, "%f", std::numeric_limits<double>::lowest());
  EXPECT_EQ(text.size(),
            std::string_view("-179769").size() + 303 + std::string_view(".000000").size());
}

TEST(Format, AppendsTheWholeText) {
  std::string out = "from ";
  append_print(out, "%f", 1e308);
  EXPECT_EQ(out.size(), 5U + 309 + 7);
  EXPECT_EQ(printed("%.2f|%s", 1.005e300, std::string(5000, 'y').c_str()).size(),
            301U + 3 + 1 + 5000);
  EXPECT_EQ(printed("%s", ""), "");
}

}  // namespace
}  // namespace larder::base
