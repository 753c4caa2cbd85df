#include "larder/base/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::base {
namespace {

struct Sip {
  static std::uint64_t hash(const HashSecret& secret, std::string_view bytes) {
    return sip_hash_1_3(secret, bytes);
  }
};
#ifdef __AES__
struct Aes {
  static std::uint64_t hash(const HashSecret& secret, std::string_view bytes) {
    return aes_hash(secret, bytes);
  }
};
using Functions = testing::Types<Sip, Aes>;
#else
using Functions = testing::Types<Sip>;
#endif

// The same secret in each run, so that a failure can be reproduced.
HashSecret fixed_secret(std::uint64_t seed = 1) {
  Rng rng(seed);
  HashSecret secret;
  for (auto& word : secret.words) word = rng.next();
  return secret;
}

template <typename Function>
class Hash : public testing::Test {
 protected:
  std::uint64_t hash(std::string_view bytes) const { return Function::hash(secret_, bytes); }

  HashSecret secret_ = fixed_secret();
};
TYPED_TEST_SUITE(Hash, Functions);

std::string random_text(Rng& rng, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(rng.next());
  return text;
}

std::size_t count_collisions(std::vector<std::uint64_t>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  return static_cast<std::size_t>(hashes.end() - std::unique(hashes.begin(), hashes.end()));
}

TYPED_TEST(Hash, FlipsHalfTheBitsWhenOneBitOfTheTextFlips) {
  Rng rng(3);
  for (const std::size_t size : {1, 3, 4, 7, 8, 11, 16, 17, 25, 32, 33, 48, 64, 65, 100, 200}) {
    constexpr int kRounds = 400;
    std::vector<int> flips(64);
    for (int i = 0; i < kRounds; ++i) {
      std::string text = random_text(rng, size);
      const std::uint64_t before = this->hash(text);
      const std::size_t bit = rng.below(size * 8);
      text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
      const std::uint64_t changed = before ^ this->hash(text);
      for (int b = 0; b < 64; ++b) flips[static_cast<std::size_t>(b)] += (changed >> b) & 1;
    }
    // Six standard deviations of a fair coin's 400 throws are 60.
    for (const int flipped : flips) EXPECT_NEAR(flipped, 0.5 * kRounds, 60) << "size " << size;
  }
}

TYPED_TEST(Hash, SpreadsSequentialKeysEvenlyInLowAndHighBits) {
  constexpr std::size_t kBuckets = 1024;
  constexpr std::size_t kKeys = 100 * kBuckets;
  std::vector<std::size_t> low(kBuckets);
  std::vector<std::size_t> high(kBuckets);
  for (std::size_t i = 0; i < kKeys; ++i) {
    const std::uint64_t hash = this->hash("key:" + std::to_string(i));
    ++low[hash % kBuckets];
    ++high[hash >> 54];
  }
  for (const auto& buckets : {low, high}) {
    double chi = 0;
    for (const std::size_t n : buckets) {
      const double off = static_cast<double>(n) - 100;
      chi += off * off / 100;
    }
    // 1,023 degrees of freedom: mean 1,023, deviation 45; six deviations around it.
    EXPECT_NEAR(chi, 1023, 272);
  }
}

TYPED_TEST(Hash, HasNoCollisionAmongAMillionShortKeys) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(1'000'000);
  for (int i = 0; i < 1'000'000; ++i) hashes.push_back(this->hash(std::to_string(i)));
  EXPECT_EQ(count_collisions(hashes), 0u);
}

TYPED_TEST(Hash, DistinguishesLengthsOfARepeatedByte) {
  std::vector<std::uint64_t> hashes;
  for (const char c : {'\0', 'a', '\xff'}) {
    for (std::size_t size = 0; size <= 300; ++size) {
      if (size > 0 || c == 'a') hashes.push_back(this->hash(std::string(size, c)));
    }
  }
  EXPECT_EQ(count_collisions(hashes), 0u);
}

TYPED_TEST(Hash, DependsOnEachByteOfEachLength) {
  for (std::size_t size = 1; size <= 300; ++size) {
    std::vector<std::uint64_t> hashes{this->hash(std::string(size, 'x'))};
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = 'y';
      hashes.push_back(this->hash(text));
    }
    EXPECT_EQ(count_collisions(hashes), 0u) << "size " << size;
  }
}

TYPED_TEST(Hash, ReadsNoByteOutsideTheText) {
  Rng rng(5);
  for (std::size_t size = 0; size <= 300; ++size) {
    const std::string text = random_text(rng, size);
    const std::vector<char> exact(text.begin(), text.end());
    const std::string shifted = "abc" + text + "xyz";
    EXPECT_EQ(this->hash(text), this->hash({exact.data(), size}));
    EXPECT_EQ(this->hash(text), this->hash(std::string_view(shifted).substr(3, size)));
  }
}

TYPED_TEST(Hash, DependsOnTheSecret) {
  const HashSecret other = fixed_secret(2);
  for (const std::size_t size : {0, 5, 16, 30, 64, 200}) {
    const std::string text(size, 'a');
    EXPECT_NE(this->hash(text), TypeParam::hash(other, text));
  }
}

// From the authors' reference test: the key is 00..0f, the text 00, 01, 02...
TEST(SipHash, MatchesThePublishedTestVectors) {
  HashSecret secret{};
  secret.words[0] = 0x0706050403020100;
  secret.words[1] = 0x0f0e0d0c0b0a0908;
  std::string text;
  for (int i = 0; i < 15; ++i) text += static_cast<char>(i);
  EXPECT_EQ(sip_hash_2_4(secret, ""), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(sip_hash_2_4(secret, text), 0xa129ca6149be45e5u);
  EXPECT_EQ(sip_hash_1_3(secret, ""), 0xabac0158050fc4dcu);
}

TEST(HashSecret, DiffersEachTime) {
  EXPECT_NE(HashSecret::random().words, HashSecret::random().words);
  EXPECT_EQ(hash_bytes("larder"), hash_bytes("larder"));
}

}  // namespace
}  // namespace larder::base
