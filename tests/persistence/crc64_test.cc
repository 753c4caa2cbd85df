#include "larder/persistence/crc64.h"

#include <gtest/gtest.h>

#include <string>

namespace larder::persistence {
namespace {

TEST(Crc64, IsJonesPolynomialReflected) {
  EXPECT_EQ(crc64(0, "123456789"), 0xe9c6d914c4b8d9ca);
  EXPECT_EQ(crc64(0, ""), 0u);
}

TEST(Crc64, GoesOnFromTheBytesBefore) {
  const std::string text = "a text of more than sixteen bytes, cut at every place";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view whole = text;
    EXPECT_EQ(crc64(crc64(0, whole.substr(0, cut)), whole.substr(cut)), crc64(0, whole));
  }
}

}  // namespace
}  // namespace larder::persistence
