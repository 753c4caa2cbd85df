#include "larder/replication/history.h"

#include <gtest/gtest.h>

#include <string>

namespace larder::replication {
namespace {

const std::string kZeros(40, '0');

TEST(History, BeginsWithAnIdOfItsOwnAtOffsetZero) {
  const History history;
  EXPECT_EQ(history.id().size(), 40u);
  EXPECT_NE(history.id(), History().id());
  EXPECT_EQ(history.id2(), kZeros);
  EXPECT_EQ(history.offset(), 0);
  EXPECT_EQ(history.second_offset(), -1);
}

TEST(History, HoldsItsIdAtEveryOffsetWhateverTheCase) {
  const History history;
  std::string upper = history.id();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_TRUE(history.holds(history.id(), 1));
  EXPECT_TRUE(history.holds(upper, 1'000'000));
  EXPECT_FALSE(history.holds(std::string(40, 'a'), 1));
  EXPECT_FALSE(history.holds(kZeros, 1));
  EXPECT_FALSE(history.holds("?", -1));
}

TEST(History, APromotionKeepsTheFormerIdUpToWhereTheHistoriesPart) {
  History history;
  history.adopt(std::string(40, 'b'), 100);
  history.advance(20);
  history.shift();
  EXPECT_EQ(history.id2(), std::string(40, 'b'));
  EXPECT_EQ(history.second_offset(), 121);
  EXPECT_EQ(history.offset(), 120);
  EXPECT_TRUE(history.holds(std::string(40, 'b'), 121));
  EXPECT_FALSE(history.holds(std::string(40, 'b'), 122));
  history.advance(50);
  EXPECT_FALSE(history.holds(std::string(40, 'b'), 122));
  EXPECT_TRUE(history.holds(history.id(), 171));
}

TEST(History, AFullSyncForgetsTheFormerId) {
  History history;
  history.shift();
  history.adopt(std::string(40, 'c'), 7);
  EXPECT_EQ(history.id2(), kZeros);
  EXPECT_EQ(history.second_offset(), -1);
  history.renew();
  EXPECT_NE(history.id(), std::string(40, 'c'));
  EXPECT_EQ(history.offset(), 7);
}

}  // namespace
}  // namespace larder::replication
