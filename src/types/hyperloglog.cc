#include "larder/types/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "hyperloglog_registers.h"
#include "hyperloglog_runs.h"

namespace larder::types::hll {
namespace {

constexpr std::string_view kMagic = "HYLL";
constexpr std::size_t kCountAt = 8;
constexpr std::uint64_t kStale = std::uint64_t{1} << 63;

constexpr unsigned kIndexBits = 14;
constexpr unsigned kRankBits = 64 - kIndexBits;
static_assert(kRegisters == std::size_t{1} << kIndexBits);

std::uint64_t load_little_endian(const char* from, std::size_t bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return word;
}

std::uint64_t load_word(const char* from) {
  if constexpr (std::endian::native != std::endian::little) return load_little_endian(from, 8);
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// Austin Appleby's MurmurHash64A, reading little-endian words.
std::uint64_t murmur_hash(std::string_view bytes, std::uint64_t seed) {
  constexpr std::uint64_t kMultiplier = 0xc6a4a7935bd1e995;
  constexpr unsigned kShift = 47;
  std::uint64_t hash = seed ^ (bytes.size() * kMultiplier);
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = load_word(at) * kMultiplier;
    word = (word ^ (word >> kShift)) * kMultiplier;
    hash = (hash ^ word) * kMultiplier;
  }
  if (left > 0) hash = (hash ^ load_little_endian(at, left)) * kMultiplier;
  hash = (hash ^ (hash >> kShift)) * kMultiplier;
  return hash ^ (hash >> kShift);
}

// Ertl's sigma: the contribution of registers that are zero.
double sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double power = 1;
  double sum = x;
  double before = 0;
  do {
    before = sum;
    x *= x;
    sum += x * power;
    power += power;
  } while (sum != before);
  return sum;
}

// Ertl's tau: the contribution of registers at their maximum.
double tau(double x) {
  if (x == 0 || x == 1) return 0;
  double power = 1;
  double sum = 1 - x;
  double before = 0;
  do {
    before = sum;
    x = std::sqrt(x);
    power *= 0.5;
    sum -= (1 - x) * (1 - x) * power;
  } while (sum != before);
  return sum / 3;
}

std::uint64_t estimate_from(const Histogram& histogram) {
  constexpr double kAlpha = 0.721347520444481703680;  // 1 / (2 ln 2)
  constexpr double kAll = kRegisters;
  double sum = kAll * tau((kAll - histogram[kRankBits + 1]) / kAll);
  for (unsigned value = kRankBits; value >= 1; --value) {
    sum = (sum + histogram[value]) * 0.5;
  }
  sum += kAll * sigma(histogram[0] / kAll);
  return static_cast<std::uint64_t>(std::llround(kAlpha * kAll * kAll / sum));
}

}  // namespace

Raise raise_of(std::string_view element) {
  constexpr std::uint64_t kSeed = 0xadc83b19;
  const std::uint64_t hash = murmur_hash(element, kSeed);
  // A bit above the others ends the longest run.
  const std::uint64_t rest = (hash >> kIndexBits) | (std::uint64_t{1} << kRankBits);
  return {static_cast<std::uint16_t>(hash % kRegisters),
          static_cast<std::uint8_t>(std::countr_zero(rest) + 1)};
}

std::uint64_t estimate(const Registers& registers) { return estimate_from(histogram(registers)); }

std::optional<View> View::of(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  const View view(bytes);
  switch (view.encoding()) {
    case Encoding::dense:
      return bytes.size() == kDenseBytes ? std::optional(view) : std::nullopt;
    case Encoding::sparse:
      return view;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> View::cached_count() const {
  const std::uint64_t count = load_little_endian(bytes_.data() + kCountAt, 8);
  return (count & kStale) == 0 ? std::optional(count) : std::nullopt;
}

bool View::merge_into(Registers& all) const {
  if (encoding() == Encoding::dense) return merge_packed(registers().data(), all), true;
  const std::string_view runs = registers();
  SparseRun run;
  std::size_t index = 0;
  for (std::size_t at = 0; at < runs.size(); at += run.bytes, index += run.length) {
    if (!read_run(runs, at, run) || run.length > kRegisters - index) return false;
    if (run.value == 0) continue;
    for (std::size_t i = index; i < index + run.length; ++i) all[i] = std::max(all[i], run.value);
  }
  return index == kRegisters;
}

std::optional<std::uint64_t> View::count() const {
  Registers all{};
  if (!merge_into(all)) return std::nullopt;
  return estimate(all);
}

std::uint8_t View::dense_register(std::size_t index) const {
  return packed_register(registers().data(), index);
}

std::optional<std::string> View::describe() const {
  const std::string_view runs = registers();
  std::string text;
  SparseRun run;
  for (std::size_t at = 0; at < runs.size(); at += run.bytes) {
    if (!read_run(runs, at, run)) return std::nullopt;
    if (!text.empty()) text += ' ';
    if (run.value > 0) {
      text += "v:" + std::to_string(run.value) + ",";
    } else {
      text += run.bytes == 2 ? "Z:" : "z:";
    }
    text += std::to_string(run.length);
  }
  return text;
}

void store_count(char* bytes, std::uint64_t count) {
  for (std::size_t i = 0; i < 8; ++i) bytes[kCountAt + i] = static_cast<char>(count >> (8 * i));
}

void forget_count(char* bytes) {
  bytes[kCountAt + 7] = static_cast<char>(bytes[kCountAt + 7] | 0x80);
}

void set_dense_register(char* bytes, Raise raise) {
  set_packed_register(bytes + kHeaderBytes, raise);
}

}  // namespace larder::types::hll
