// The cost of hashing a key: ours, the portable one, and XXH3 for comparison. `Latency` makes
// each key depend on the hash before, as a lookup that waits for its bucket does;
// `Throughput` leaves the processor free to overlap keys, as a planned batch does.

#include "larder/base/hash.h"

#include <benchmark/benchmark.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string>

#include "larder/base/rng.h"

namespace larder::base {
namespace {

constexpr std::size_t kKeys = 256;

struct Keys {
  explicit Keys(std::size_t bytes) : size(bytes), text(kKeys * bytes, '\0') {
    Rng rng(1);
    for (char& c : text) c = static_cast<char>('a' + rng.below(26));
  }
  std::string_view operator[](std::size_t i) const {
    return {text.data() + (i % kKeys) * size, size};
  }
  std::size_t size;
  std::string text;
};

struct Ours {
  static std::uint64_t hash(std::string_view key) { return hash_bytes(key); }
};
struct Sip {
  static std::uint64_t hash(std::string_view key) {
    return sip_hash_1_3(detail::process_secret, key);
  }
};
struct Xxh3 {
  static std::uint64_t hash(std::string_view key) {
    return XXH3_64bits_withSeed(key.data(), key.size(), detail::process_secret.words[0]);
  }
};

template <typename Function>
void Throughput(benchmark::State& state) {
  const Keys keys(static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Function::hash(keys[i++]));
}

template <typename Function>
void Latency(benchmark::State& state) {
  const Keys keys(static_cast<std::size_t>(state.range(0)));
  std::uint64_t hash = 0;
  for (auto _ : state) hash = Function::hash(keys[hash]);
  benchmark::DoNotOptimize(hash);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int size : {8, 16, 32, 64, 256}) benchmark->Arg(size);
}

BENCHMARK(Throughput<Ours>)->Apply(sizes);
BENCHMARK(Throughput<Sip>)->Apply(sizes);
BENCHMARK(Throughput<Xxh3>)->Apply(sizes);
BENCHMARK(Latency<Ours>)->Apply(sizes);
BENCHMARK(Latency<Sip>)->Apply(sizes);
BENCHMARK(Latency<Xxh3>)->Apply(sizes);

}  // namespace
}  // namespace larder::base
