#include "larder/acl/password.h"

#include <gtest/gtest.h>

namespace larder::acl {
namespace {

TEST(PasswordHash, IsSha256) {
  EXPECT_EQ(hash_password("").text(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_password("abc").text(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(PasswordHash, ParsesItsOwnText) {
  const PasswordHash hash = hash_password("secret");
  ASSERT_TRUE(parse_hash(hash.text()));
  EXPECT_TRUE(parse_hash(hash.text())->equals(hash));
  EXPECT_FALSE(hash.equals(hash_password("Secret")));
}

TEST(PasswordHash, RejectsOtherTexts) {
  std::string text = hash_password("secret").text();
  EXPECT_FALSE(parse_hash(text.substr(1)));
  EXPECT_FALSE(parse_hash(text + "0"));
  text[10] = 'A';
  EXPECT_FALSE(parse_hash(text));
  text[10] = 'g';
  EXPECT_FALSE(parse_hash(text));
}

TEST(RandomPassword, HasAHexDigitForEachFourBits) {
  EXPECT_EQ(random_password(256).size(), 64u);
  EXPECT_EQ(random_password(5).size(), 2u);
  EXPECT_EQ(random_password(1).size(), 1u);
  EXPECT_NE(random_password(256), random_password(256));
}

}  // namespace
}  // namespace larder::acl
