#include "larder/base/numbers.h"

#include <gtest/gtest.h>

namespace larder::base {
namespace {

std::string printed(double value) {
  char out[kDoubleChars];
  return std::string(print_double(value, out));
}

TEST(PrintDouble, UsesTheShortestForm) {
  EXPECT_EQ(printed(0.1), "0.1");
  EXPECT_EQ(printed(3.0), "3");
  EXPECT_EQ(printed(1e21), "1e+21");
  EXPECT_EQ(printed(-1.5), "-1.5");
}

}  // namespace
}  // namespace larder::base
