#include "src/net/held_output.h"

#include <gtest/gtest.h>

namespace larder::net {
namespace {

TEST(HeldOutput, KeepsWhatIsNotDurable) {
  HeldOutput held;
  EXPECT_TRUE(held.empty());
  held.hold(100, 5);
  EXPECT_EQ(held.sendable(100, 4), 0U);
  // A later reply shows more.
  held.hold(150, 7);
  EXPECT_EQ(held.sendable(150, 4), 0U);
  EXPECT_EQ(held.sendable(150, 6), 100U);
  held.sent(60);
  EXPECT_EQ(held.sendable(90, 6), 40U);
  held.sent(40);
  EXPECT_EQ(held.sendable(50, 6), 0U);
  EXPECT_EQ(held.sendable(50, 7), 50U);
  EXPECT_TRUE(held.empty());
}

TEST(HeldOutput, WhatFollowsIsSentAfterIt) {
  HeldOutput held;
  held.hold(10, 3);
  EXPECT_EQ(held.sendable(25, 2), 0U);
  EXPECT_EQ(held.sendable(25, 3), 25U);
}

// A third position waits with the second: both are in the next sync.
TEST(HeldOutput, HasTwoMarksHoweverManyPositions) {
  HeldOutput held;
  held.hold(10, 1);
  held.hold(20, 2);
  held.hold(30, 3);
  held.hold(40, 3);
  EXPECT_EQ(held.sendable(40, 1), 10U);
  held.sent(10);
  EXPECT_EQ(held.sendable(30, 2), 0U);
  held.hold(35, 9);
  EXPECT_EQ(held.sendable(35, 3), 30U);
  held.sent(30);
  EXPECT_EQ(held.sendable(5, 8), 0U);
  EXPECT_EQ(held.sendable(5, 9), 5U);
}

TEST(HeldOutput, BeginsAnewWhenNothingIsHeld) {
  HeldOutput held;
  held.hold(10, 1);
  EXPECT_EQ(held.sendable(10, 1), 10U);
  held.hold(5, 2);
  EXPECT_EQ(held.sendable(5, 1), 0U);
}

}  // namespace
}  // namespace larder::net
