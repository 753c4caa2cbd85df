// Hit ratios of Larder, of an exact LRU with the same number of keys and, where a redis-server
// listens, of that at the same maxmemory. Prints tables in markdown.
//
//   eviction_quality [PORT OF A REDIS-SERVER] [KEYS]

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

#include "bench/eviction/redis_cache.h"
#include "bench/eviction/replay.h"

namespace {

using namespace larder::bench;

constexpr int kPercents[] = {5, 10, 20, 40};

struct Redis {
  RedisCache cache;
  std::uint64_t footprint;
};

std::unique_ptr<Redis> connect(int port, std::uint32_t keys) {
  if (port == 0) return nullptr;
  std::unique_ptr<Redis> redis(new Redis{RedisCache(port), 0});
  redis->cache.reset("noeviction");
  const std::uint64_t empty = redis->cache.bytes();
  for (std::uint32_t key = 0; key < keys; ++key) redis->cache.set({&key, 1});
  redis->footprint = redis->cache.bytes() - empty;
  return redis;
}

void print_row(const Trace& trace, const std::string& policy, int percent, std::uint64_t limit,
               Redis* redis) {
  const Outcome larder = replay_larder(trace, policy, limit);
  const auto held = [](const Outcome& outcome) {
    return static_cast<std::size_t>(outcome.average_keys + 0.5);
  };
  const Outcome exact = replay_exact_lru(trace, held(larder));
  std::printf("| %s | %d %% | %.2f | %.2f | %+.2f | %.0f |", trace.name.c_str(), percent,
              larder.hit_ratio * 100, exact.hit_ratio * 100,
              (larder.hit_ratio - exact.hit_ratio) * 100, larder.average_keys);
  if (redis != nullptr) {
    redis->cache.reset(policy);
    redis->cache.limit(limit);
    const Outcome theirs = replay(trace, redis->cache);
    const Outcome exact_theirs = replay_exact_lru(trace, held(theirs));
    std::printf(" %.2f | %+.2f | %.0f | %+.2f |", theirs.hit_ratio * 100,
                (larder.hit_ratio - theirs.hit_ratio) * 100, theirs.average_keys,
                (theirs.hit_ratio - exact_theirs.hit_ratio) * 100);
  }
  std::printf("\n");
  std::fflush(stdout);
}

void print_table(const std::vector<Trace>& traces, const std::string& policy,
                 std::uint64_t footprint, Redis* redis) {
  std::printf("\n### %s\n\n| trace | memory | Larder | exact LRU | Larder less exact | keys |%s\n",
              policy.c_str(),
              redis ? " redis-server | Larder less Redis | Redis keys | Redis less exact |" : "");
  std::printf("|---|---:|---:|---:|---:|---:|%s\n", redis ? "---:|---:|---:|---:|" : "");
  for (const Trace& trace : traces) {
    for (const int percent : kPercents) {
      print_row(trace, policy, percent, footprint * static_cast<std::uint64_t>(percent) / 100,
                redis);
    }
  }
}

void run(int port, std::uint32_t keys) {
  const std::unique_ptr<Redis> redis = connect(port, keys);
  const std::uint64_t own = larder_footprint(keys);
  const std::uint64_t footprint = redis ? redis->footprint : own;
  std::printf("%u keys of 14 bytes, values of %zu bytes; footprint %llu in Larder", keys,
              kValueBytes, static_cast<unsigned long long>(own));
  if (redis) {
    std::printf(", %llu in redis-server %s", static_cast<unsigned long long>(footprint),
                redis->cache.version().c_str());
  }
  std::printf("\n");
  const auto traces = all_traces(keys, keys * std::size_t{8});
  for (const char* policy : {"allkeys-lru", "allkeys-lfu"}) {
    print_table(traces, policy, footprint, redis.get());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc > 1 ? std::atoi(argv[1]) : 0,
        argc > 2 ? static_cast<std::uint32_t>(std::atoi(argv[2])) : 60'000);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
  return 0;
}
