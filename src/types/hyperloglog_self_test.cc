#include <algorithm>
#include <cmath>

#include "hyperloglog_registers.h"
#include "larder/base/rng.h"
#include "larder/types/hyperloglog.h"

namespace larder::types::hll {
namespace {

constexpr std::uint64_t kSparseLimit = 3000;
constexpr std::uint64_t kElements = 1'000'000;

// Registers that are written one by one or all together must have the written values.
std::optional<std::string> test_packing(base::Rng& rng) {
  std::array<char, kDenseBytes - kHeaderBytes> packed{};
  Registers expected{};
  for (int round = 0; round < 100; ++round) {
    for (std::size_t i = 0; i < kRegisters; i += 1 + rng.below(100)) {
      expected[i] = static_cast<std::uint8_t>(rng.below(64));
      set_packed_register(packed.data(), {static_cast<std::uint16_t>(i), expected[i]});
    }
    Registers unpacked{};
    merge_packed(packed.data(), unpacked);
    std::array<char, kDenseBytes - kHeaderBytes> again;
    pack(expected, again.data());
    if (unpacked != expected || again != packed) {
      return "registers differ from what they were set to in round " + std::to_string(round);
    }
  }
  return std::nullopt;
}

// Counting must agree with a count one by one, for few and for many different values.
std::optional<std::string> test_histogram(base::Rng& rng) {
  for (const std::uint64_t values : {1, 2, 20, 33, 63, 64}) {
    Registers registers;
    Histogram expected{};
    for (std::uint8_t& value : registers) {
      value = static_cast<std::uint8_t>(rng.below(values));
      ++expected[value];
    }
    if (histogram(registers) != expected) {
      return "registers of " + std::to_string(values) + " values are counted wrongly";
    }
  }
  return std::nullopt;
}

// Seven standard errors: rounding lets small counts be one off.
bool is_near(std::uint64_t estimated, std::uint64_t real) {
  const double error = 1.04 / std::sqrt(double{kRegisters}) * static_cast<double>(real);
  return std::abs(static_cast<double>(estimated) - static_cast<double>(real)) <=
         std::max(7 * error, 1.0);
}

std::optional<std::string> compare(const Sketch& grown, const Sketch& dense, std::uint64_t real) {
  const auto count = View::of(grown.bytes())->count();
  const auto dense_count = View::of(dense.bytes())->count();
  if (count != dense_count) {
    return "sparse and dense counts differ at " + std::to_string(real) + " elements";
  }
  if (!count || !is_near(*count, real)) {
    return "too large an error at " + std::to_string(real) + " elements";
  }
  return std::nullopt;
}

// A value that starts sparse and a dense one must agree, and be close to the exact count.
std::optional<std::string> test_counts(base::Rng& rng) {
  const std::uint64_t start = rng.next();
  Sketch grown;
  Sketch dense;
  dense.make_dense();
  std::uint64_t checkpoint = 1;
  for (std::uint64_t i = 1; i <= kElements; ++i) {
    const std::uint64_t element = start + i;
    const Raise raise = raise_of({reinterpret_cast<const char*>(&element), sizeof element});
    grown.raise(raise, kSparseLimit);
    dense.raise(raise, kSparseLimit);
    if (i != checkpoint) continue;
    if (auto wrong = compare(grown, dense, i)) return wrong;
    checkpoint *= 10;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> self_test() {
  base::Rng rng(0x68796c6c);
  if (auto wrong = test_packing(rng)) return wrong;
  if (auto wrong = test_histogram(rng)) return wrong;
  return test_counts(rng);
}

}  // namespace larder::types::hll
