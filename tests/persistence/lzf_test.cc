#include "larder/persistence/lzf.h"

#include <gtest/gtest.h>
#include <liblzf/lzf.h>

#include <string>

#include "larder/base/rng.h"

namespace larder::persistence {
namespace {

std::string packed(const std::string& text) {
  std::string out(text.size() + 16, '\0');
  out.resize(lzf_compress(text.data(), static_cast<unsigned>(text.size()), out.data(),
                          static_cast<unsigned>(out.size())));
  return out;
}

// The byte after the output must not change.
bool unpacks_to(std::string_view bytes, const std::string& text) {
  std::string out(text.size() + 1, '#');
  return unpack_lzf(bytes, out.data(), text.size()) && out == text + '#';
}

// Texts of every kind of match: near and far, short and long, none at all.
std::string some_text(base::Rng& rng, std::size_t size) {
  std::string text;
  const std::size_t period = 1 + rng.below(40);
  const std::size_t letters = 1 + rng.below(rng.below(2) == 0 ? 4 : 256);
  const std::size_t changes = 2 + rng.below(30);
  while (text.size() < size) {
    const bool repeats = text.size() > period && rng.below(changes) != 0;
    text += repeats ? text[text.size() - period] : static_cast<char>(rng.below(letters));
    if (text.size() > 300 && rng.below(200) == 0) {
      text += text.substr(rng.below(text.size() - 300), rng.below(300));
    }
  }
  text.resize(size);
  return text;
}

// Our compressed form in at most `most` bytes, empty if they do not suffice; the bytes after them
// must not change.
std::string packed_by_us(const std::string& text, std::size_t most) {
  constexpr std::string_view kGuard = "behind the output";
  std::string out(most, '#');
  out += kGuard;
  const std::size_t size = pack_lzf(text, out.data(), most);
  EXPECT_EQ(out.substr(most), kGuard);
  EXPECT_LE(size, most);
  return out.substr(0, size);
}

bool library_unpacks_to(std::string_view bytes, const std::string& text) {
  std::string out(text.size(), '#');
  return lzf_decompress(bytes.data(), static_cast<unsigned>(bytes.size()), out.data(),
                        static_cast<unsigned>(out.size())) == text.size() &&
         out == text;
}

TEST(Lzf, TheLibraryDecompressesItsOutput) {
  base::Rng rng(11);
  int count = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = some_text(rng, 1 + rng.below(i % 8 == 0 ? 20'000 : 400));
    const std::string bytes = packed_by_us(text, text.size() + text.size() / 32 + 1);
    ASSERT_FALSE(bytes.empty());
    ASSERT_TRUE(library_unpacks_to(bytes, text)) << i;
    ASSERT_TRUE(unpacks_to(bytes, text)) << i;
    // A short reference at the end may require a byte that it does not use.
    ASSERT_EQ(packed_by_us(text, bytes.size() + 1), bytes) << i;
    ASSERT_EQ(packed_by_us(text, bytes.size() - 1), "") << i;
    ASSERT_EQ(packed_by_us(text, rng.below(bytes.size())), "") << i;
    count += bytes.size() < text.size();
  }
  EXPECT_GT(count, 2500);
}

// Positions are stored in 16 bits.
TEST(Lzf, LongTextsAreDecompressed) {
  base::Rng rng(12);
  for (const std::size_t size : {65'535, 65'536, 65'537, 200'000, 1'000'000}) {
    const std::string text = some_text(rng, size);
    const std::string bytes = packed_by_us(text, text.size() + text.size() / 32 + 1);
    ASSERT_TRUE(library_unpacks_to(bytes, text)) << size;
    ASSERT_TRUE(unpacks_to(bytes, text)) << size;
    const std::string same(size, 'x');
    const std::string few = packed_by_us(same, size);
    EXPECT_LT(few.size(), size / 80);
    ASSERT_TRUE(library_unpacks_to(few, same));
    ASSERT_TRUE(unpacks_to(few, same));
  }
}

TEST(Lzf, CompressesSimilarElementsAboutAsWellAsTheLibrary) {
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text +=
        "\x8f"
        "element:" +
        std::to_string(1'000'000 + i) + "\x10";
  EXPECT_LT(packed_by_us(text, text.size()).size(), packed(text).size() * 11 / 10);
}

TEST(Lzf, DecompressesTheOutputOfTheLibrary) {
  base::Rng rng(9);
  int count = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    const std::size_t period = 1 + rng.below(40);
    const std::size_t size = 30 + rng.below(3000);
    while (text.size() < size) {
      const bool repeats = text.size() > period && rng.below(12) != 0;
      text += repeats ? text[text.size() - period] : static_cast<char>('a' + rng.below(4));
    }
    const std::string bytes = packed(text);
    if (bytes.empty()) continue;
    ++count;
    ASSERT_TRUE(unpacks_to(bytes, text)) << period;
    EXPECT_FALSE(unpacks_to(bytes, text.substr(1)));
    EXPECT_FALSE(unpacks_to(bytes, text + 'x'));
  }
  EXPECT_GT(count, 2500);
}

// The bytes with one changed, and possibly some at the end missing.
void expect_the_same_of_broken(const std::string& text, std::uint64_t seed) {
  base::Rng rng(seed);
  const std::string good = packed(text);
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good.substr(0, good.size() - rng.below(4));
    bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    std::string theirs(text.size(), '\0');
    const bool is_good =
        lzf_decompress(bytes.data(), static_cast<unsigned>(bytes.size()), theirs.data(),
                       static_cast<unsigned>(text.size())) == text.size();
    std::string ours(text.size(), '\0');
    ASSERT_EQ(unpack_lzf(bytes, ours.data(), ours.size()), is_good) << i;
    if (is_good) {
      ASSERT_EQ(ours, theirs);
    }
    taken += is_good;
  }
  EXPECT_GT(taken, 1000);
}

TEST(Lzf, AcceptsTheSameBrokenInputAsTheLibrary) {
  expect_the_same_of_broken(
      "abcabcabcabcabcabc-0123456789-abcabcabcabcabc-aaaaaaaaaaaaaaaaaaaaaaaa", 10);
  base::Rng rng(13);
  expect_the_same_of_broken(some_text(rng, 1500), 14);
}

}  // namespace
}  // namespace larder::persistence
