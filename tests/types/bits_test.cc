#include "larder/types/bits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "larder/base/rng.h"

namespace larder::types::bits {
namespace {

// Bit by bit, as in the definition.
bool bit_of(std::string_view bytes, std::uint64_t index) {
  if (index / 8 >= bytes.size()) return false;
  return ((static_cast<unsigned char>(bytes[index / 8]) >> (7 - index % 8)) & 1) != 0;
}

std::string random_bytes(base::Rng& rng, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.next());
  return bytes;
}

// Mostly equal bytes, so that searches visit many bytes.
std::string monotonous_bytes(base::Rng& rng, std::size_t size) {
  std::string bytes(size, rng.below(2) == 0 ? '\0' : '\xff');
  const std::uint64_t changes = rng.below(3);
  for (std::uint64_t i = 0; i < changes; ++i) {
    bytes[rng.below(size)] = static_cast<char>(rng.next());
  }
  return bytes;
}

Range random_range(base::Rng& rng, std::size_t size) {
  const std::uint64_t first = rng.below(size * 8);
  return {first, first + rng.below(size * 8 - first)};
}

TEST(Bits, AreCountedAtEverySizeAndAlignment) {
  base::Rng rng(1);
  const std::string bytes = random_bytes(rng, 3000);
  for (std::size_t size = 0; size < 2900; size += 1 + rng.below(20)) {
    const std::string_view part = std::string_view(bytes).substr(rng.below(64), size);
    std::uint64_t expected = 0;
    for (std::uint64_t i = 0; i < size * 8; ++i) expected += bit_of(part, i) ? 1 : 0;
    ASSERT_EQ(count(part), expected) << size;
  }
  EXPECT_EQ(count(std::string(100'000, '\xff')), 800'000u);
}

TEST(Bits, AreCountedInRanges) {
  base::Rng rng(2);
  for (int round = 0; round < 2000; ++round) {
    const std::string bytes = random_bytes(rng, 1 + rng.below(400));
    const Range range = random_range(rng, bytes.size());
    std::uint64_t expected = 0;
    for (auto i = range.first; i <= range.last; ++i) expected += bit_of(bytes, i) ? 1 : 0;
    ASSERT_EQ(count(bytes, range), expected);
  }
}

TEST(Bits, AreFoundInRanges) {
  base::Rng rng(3);
  for (int round = 0; round < 4000; ++round) {
    const std::string bytes = monotonous_bytes(rng, 1 + rng.below(round % 4 == 0 ? 1500 : 400));
    const Range range = random_range(rng, bytes.size());
    for (const Bit bit : {Bit::clear, Bit::set}) {
      std::optional<std::uint64_t> expected;
      for (auto i = range.first; i <= range.last && !expected; ++i) {
        if (bit_of(bytes, i) == (bit == Bit::set)) expected = i;
      }
      ASSERT_EQ(find(bytes, bit, range), expected);
    }
  }
}

char combined(Operation operation, char a, char b) {
  switch (operation) {
    case Operation::conjunction:
      return static_cast<char>(a & b);
    case Operation::disjunction:
      return static_cast<char>(a | b);
    case Operation::exclusive:
      return static_cast<char>(a ^ b);
    case Operation::negation:
      break;
  }
  return static_cast<char>(~a);
}

std::string combined(Operation operation, const std::vector<std::string_view>& sources,
                     std::size_t size) {
  std::string result(sources[0]);
  result.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (operation == Operation::negation) result[i] = combined(operation, result[i], 0);
    for (std::size_t s = 1; s < sources.size(); ++s) {
      result[i] = combined(operation, result[i], i < sources[s].size() ? sources[s][i] : '\0');
    }
  }
  return result;
}

TEST(Bits, OfStringsOfAnySizesAreCombined) {
  base::Rng rng(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    const auto operation = static_cast<Operation>(rng.below(4));
    const std::size_t count = operation == Operation::negation ? 1 : 1 + rng.below(5);
    std::size_t size = 1;
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(random_bytes(rng, rng.below(rng.below(4) == 0 ? 40'000 : 100)));
      size = std::max(size, texts.back().size());
    }
    const std::vector<std::string_view> sources(texts.begin(), texts.end());
    std::string result(size, 'x');
    combine(operation, sources, result.data(), size);
    ASSERT_EQ(result, combined(operation, sources, size));
  }
}

TEST(Bits, FieldsAreReadAndWrittenBitByBit) {
  base::Rng rng(5);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = random_bytes(rng, 1 + rng.below(20));
    const unsigned width = 1 + static_cast<unsigned>(rng.below(64));
    const std::uint64_t offset = rng.below(bytes.size() * 8 + 10);
    std::uint64_t expected = 0;
    for (unsigned i = 0; i < width; ++i)
      expected = expected << 1 | (bit_of(bytes, offset + i) ? 1 : 0);
    ASSERT_EQ(field(bytes, offset, width), expected);

    if (offset + width > bytes.size() * 8) continue;
    const std::string before = bytes;
    const std::uint64_t value = rng.next();
    set_field(bytes.data(), bytes.size(), offset, width, value);
    for (std::uint64_t i = 0; i < bytes.size() * 8; ++i) {
      const bool inside = i >= offset && i < offset + width;
      const bool wanted =
          inside ? ((value >> (width - 1 - (i - offset))) & 1) != 0 : bit_of(before, i);
      ASSERT_EQ(bit_of(bytes, i), wanted) << "bit " << i << " of " << width << " at " << offset;
    }
  }
}

}  // namespace
}  // namespace larder::types::bits
