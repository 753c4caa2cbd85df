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

// The byte behind the output must stay as it is.
bool unpacks_to(std::string_view bytes, const std::string& text) {
  std::string out(text.size() + 1, '#');
  return unpack_lzf(bytes, out.data(), text.size()) && out == text + '#';
}

TEST(Lzf, ReadsWhatTheLibraryWrites) {
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

TEST(Lzf, TakesTheSameBrokenBytesAsTheLibrary) {
  base::Rng rng(10);
  const std::string text = "abcabcabcabcabcabc-0123456789-abcabcabcabcabc-aaaaaaaaaaaaaaaaaaaaaaaa";
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

}  // namespace
}  // namespace larder::persistence
