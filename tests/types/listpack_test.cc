#include "larder/types/listpack.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::types {
namespace {

using memory::Owner;

std::string text_of(const ListpackView& pack, ListpackView::Place place) {
  String::Scratch scratch;
  return std::string(pack.get(place).text(scratch));
}

std::vector<std::string> texts_of(const ListpackView& pack) {
  std::vector<std::string> texts;
  for (auto at = pack.first(); at != ListpackView::kEnd; at = pack.next(at)) {
    texts.push_back(text_of(pack, at));
  }
  return texts;
}

std::vector<std::string> texts_backwards(const ListpackView& pack) {
  std::vector<std::string> texts;
  for (auto at = pack.last(); at != ListpackView::kEnd; at = pack.previous(at)) {
    texts.insert(texts.begin(), text_of(pack, at));
  }
  return texts;
}

// Frees its listpack; the owner must hold as much as before.
class ListpackTest : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(memory::balance(Owner::lists), before + static_cast<std::int64_t>(pack.footprint()));
    pack.destroy(Owner::lists);
  }
  std::int64_t before = memory::balance(Owner::lists);
  Listpack pack = Listpack::create(Owner::lists);
};

TEST_F(ListpackTest, StartsEmpty) {
  EXPECT_TRUE(pack.empty());
  EXPECT_EQ(pack.size(), 0u);
  EXPECT_EQ(pack.bytes(), 7u);
  EXPECT_EQ(pack.first(), Listpack::kEnd);
  EXPECT_EQ(pack.last(), Listpack::kEnd);
  EXPECT_TRUE(ListpackView::valid(pack.raw()));
}

TEST_F(ListpackTest, KeepsEveryKindOfElement) {
  std::vector<std::string> texts = {"",
                                    "a",
                                    "0",
                                    "127",
                                    "128",
                                    "-1",
                                    "4095",
                                    "-4096",
                                    "4096",
                                    "32767",
                                    "-32768",
                                    "32768",
                                    "8388607",
                                    "-8388608",
                                    "8388608",
                                    "2147483647",
                                    "-2147483648",
                                    "2147483648",
                                    "9223372036854775807",
                                    "-9223372036854775808",
                                    "007",
                                    "+1",
                                    "-0",
                                    " 1",
                                    "9223372036854775808"};
  for (const std::size_t size : {63u, 64u, 127u, 128u, 4095u, 4096u, 16383u, 16384u, 70000u}) {
    texts.emplace_back(size, 'x');
  }
  for (const std::string& text : texts) {
    const std::size_t bytes = pack.bytes();
    pack.append(Owner::lists, text);
    EXPECT_EQ(pack.bytes() - bytes, Listpack::cost(text)) << text.substr(0, 30);
  }
  EXPECT_EQ(texts_of(pack), texts);
  EXPECT_EQ(texts_backwards(pack), texts);
  EXPECT_TRUE(ListpackView::valid(pack.raw()));
}

TEST_F(ListpackTest, StoresCanonicalIntegersAsNumbers) {
  pack.append(Owner::lists, "-300");
  pack.append(Owner::lists, "0300");
  EXPECT_TRUE(pack.get(pack.first()).is_number());
  EXPECT_FALSE(pack.get(pack.last()).is_number());
}

TEST_F(ListpackTest, HasTheBytesOfItsFormat) {
  pack.append(Owner::lists, "hi");
  pack.append(Owner::lists, "-5");
  const std::string expected =
      std::string("\x0e\0\0\0\x02\0", 6) + "\x82hi\x03" + "\xdf\xfb\x02" + "\xff";
  EXPECT_EQ(pack.raw(), expected);
}

TEST_F(ListpackTest, FindsATextFromAPositionOn) {
  for (const char* text : {"f1", "7", "f2", "f1", "7", "f1"}) pack.append(Owner::lists, text);
  EXPECT_EQ(pack.find("f1", pack.first()), pack.at(0));
  EXPECT_EQ(pack.find("7", pack.at(2)), pack.at(4));
  EXPECT_EQ(pack.find("f1", pack.first(), 1), pack.at(0));
  EXPECT_EQ(pack.find("7", pack.first(), 1), pack.at(4));
  EXPECT_EQ(pack.find("f3", pack.first()), Listpack::kEnd);
  EXPECT_EQ(pack.find("f1", Listpack::kEnd), Listpack::kEnd);
}

TEST_F(ListpackTest, AgreesWithAModelThroughRandomChanges) {
  base::Rng rng(11);
  std::deque<std::string> model;
  const auto random_text = [&rng] {
    if (rng.below(2) == 0)
      return std::to_string(static_cast<std::int64_t>(rng.next() >> rng.below(64)));
    return std::string(rng.below(rng.below(8) == 0 ? 5000 : 80),
                       static_cast<char>('a' + rng.below(26)));
  };
  for (int step = 0; step < 4000; ++step) {
    const std::string text = random_text();
    const auto index = static_cast<std::size_t>(rng.below(model.size() + 1));
    const auto place = pack.at(static_cast<std::int64_t>(index));
    const auto at = model.begin() + static_cast<std::ptrdiff_t>(index);
    switch (model.size() > 60 ? 2 : rng.below(4)) {
      case 0:
      case 1:
        EXPECT_EQ(text_of(pack, pack.insert(Owner::lists, place, text)), text);
        model.insert(at, text);
        break;
      case 2: {
        const std::size_t count = std::min<std::size_t>(rng.below(4), model.size() - index);
        const auto after = pack.erase(Owner::lists, place, count == 0 ? 0 : count);
        model.erase(at, at + static_cast<std::ptrdiff_t>(place == Listpack::kEnd ? 0 : count));
        if (index < model.size()) {
          EXPECT_EQ(text_of(pack, after), model[index]);
        }
        break;
      }
      default:
        if (place == Listpack::kEnd) break;
        pack.replace(Owner::lists, place, text);
        *at = text;
    }
    ASSERT_EQ(pack.size(), model.size());
    if (step % 50 == 0) {
      ASSERT_EQ(texts_of(pack), std::vector<std::string>(model.begin(), model.end()));
      ASSERT_EQ(texts_backwards(pack), std::vector<std::string>(model.begin(), model.end()));
      ASSERT_TRUE(ListpackView::valid(pack.raw()));
      ASSERT_EQ(memory::balance(Owner::lists),
                before + static_cast<std::int64_t>(pack.footprint()));
    }
  }
}

TEST_F(ListpackTest, CountsElementsBeyondTheLimitOfItsHeader) {
  for (int i = 0; i < 65'540; ++i) pack.append(Owner::lists, std::int64_t{1});
  EXPECT_EQ(pack.size(), 65'540u);
  pack.erase(Owner::lists, pack.at(10), 1000);
  EXPECT_EQ(pack.size(), 64'540u);
  pack.append(Owner::lists, std::int64_t{1});
  EXPECT_EQ(pack.size(), 64'541u);
  EXPECT_TRUE(ListpackView::valid(pack.raw()));
}

TEST_F(ListpackTest, ValidRejectsDamagedBytes) {
  for (const char* text : {"one", "2", "-70000",
                           "a longer text of more than sixty-three bytes, to "
                           "have another kind of head"}) {
    pack.append(Owner::lists, text);
  }
  const std::string good(pack.raw());
  ASSERT_TRUE(ListpackView::valid(good));
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(ListpackView::valid(std::string_view(good).substr(0, cut)));
  }
  // An accepted listpack must be readable from end to end, for any bytes.
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      if (!ListpackView::valid(damaged)) continue;
      const ListpackView view(reinterpret_cast<const std::uint8_t*>(damaged.data()));
      EXPECT_EQ(texts_of(view), texts_backwards(view));
    }
  }
  std::string wrong_count = good;
  ++wrong_count[4];
  EXPECT_FALSE(ListpackView::valid(wrong_count));
}

}  // namespace
}  // namespace larder::types
