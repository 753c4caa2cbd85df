#include "larder/memory/text.h"

#include <gtest/gtest.h>

#include <string>

namespace larder::memory {
namespace {

using Name = Text<Owner::client_input>;

std::int64_t charged() { return balance(Owner::client_input); }

TEST(Text, HoldsNoMemoryWhenEmpty) {
  const std::int64_t before = charged();
  Name name;
  EXPECT_TRUE(name.empty());
  EXPECT_EQ(std::string_view(name), "");
  EXPECT_EQ(name.held_bytes(), 0u);
  name.assign("");
  EXPECT_TRUE(name.empty());
  EXPECT_EQ(charged(), before);
}

TEST(Text, IsChargedForItsMemory) {
  const std::int64_t before = charged();
  {
    Name name;
    name.assign("worker");
    EXPECT_EQ(std::string_view(name), "worker");
    EXPECT_EQ(charged() - before, static_cast<std::int64_t>(name.held_bytes()));
    name.assign(std::string(1000, 'x'));
    EXPECT_EQ(std::string_view(name), std::string(1000, 'x'));
    EXPECT_EQ(charged() - before, static_cast<std::int64_t>(name.held_bytes()));
    name.assign(std::string_view(name).substr(10, 3));
    EXPECT_EQ(std::string_view(name), "xxx");
    name.clear();
    EXPECT_EQ(charged(), before);
    name.assign("left behind");
  }
  EXPECT_EQ(charged(), before);
}

}  // namespace
}  // namespace larder::memory
