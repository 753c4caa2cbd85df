#include "larder/persistence/crc64.h"

#include <gtest/gtest.h>

#include <string>

#include "larder/base/rng.h"

namespace larder::persistence {
namespace {

TEST(Crc64, UsesTheReflectedJonesPolynomial) {
  EXPECT_EQ(crc64(0, "123456789"), 0xe9c6d914c4b8d9ca);
  EXPECT_EQ(crc64(0, ""), 0u);
}

TEST(Crc64, CanBeComputedIncrementally) {
  const std::string text = "a text of more than sixteen bytes, cut at every place";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view whole = text;
    EXPECT_EQ(crc64(crc64(0, whole.substr(0, cut)), whole.substr(cut)), crc64(0, whole));
  }
}

// One byte at a time uses the tables on any processor.
TEST(Crc64, AgreesWithTheDefinitionOnLongTexts) {
  base::Rng rng(3);
  std::string text;
  for (int i = 0; i < 1200; ++i) text += static_cast<char>(rng.below(256));
  const std::uint64_t begin = 0x0123456789abcdef;
  std::uint64_t slowly = begin;
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(crc64(begin, std::string_view(text).substr(0, size)), slowly) << size;
    slowly = crc64(slowly, std::string_view(text).substr(size, 1));
  }
}

}  // namespace
}  // namespace larder::persistence
