// The path from planned requests to replies, without parsing and sockets: batches of requests
// whose arguments are ready, over a million keys in random order and over a few in cache.

#include <benchmark/benchmark.h>
#include <sys/uio.h>

#include <array>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "larder/server/harness.h"

namespace {

using larder::resp::Request;

constexpr std::size_t kBatch = 16;
constexpr std::size_t kBatches = 4096;

std::string key_name(std::size_t number) {
  std::string digits = std::to_string(number);
  return "key:" + std::string(10 - digits.size(), '0') + digits;
}

// Batches of one command over random keys, their words kept alive.
class Load {
 public:
  Load(std::size_t keys, const std::vector<std::string>& before, std::size_t keys_each,
       const std::vector<std::string>& after) {
    std::mt19937_64 random(1);
    const std::size_t words = before.size() + keys_each + after.size();
    const std::size_t requests = kBatches * kBatch;
    texts_.reserve(requests * words);
    for (std::size_t i = 0; i < requests; ++i) {
      texts_.insert(texts_.end(), before.begin(), before.end());
      for (std::size_t k = 0; k < keys_each; ++k) texts_.push_back(key_name(random() % keys));
      texts_.insert(texts_.end(), after.begin(), after.end());
    }
    views_.assign(texts_.begin(), texts_.end());
    for (std::size_t i = 0; i < requests; ++i) {
      requests_.push_back({.args = {&views_[i * words], words}, .bytes = 0});
    }
  }
  std::span<const Request> batch(std::size_t index) const {
    return std::span<const Request>(requests_).subspan(index % kBatches * kBatch, kBatch);
  }

 private:
  std::vector<std::string> texts_;
  std::vector<std::string_view> views_;
  std::vector<Request> requests_;
};

class Server {
 public:
  explicit Server(std::size_t keys, const std::string& value) : client_(harness_.connect()) {
    auto& db = harness_.core().keyspace.db(0);
    for (std::size_t i = 0; i < keys; ++i) {
      const std::string name = key_name(i);
      db.put(larder::keyspace::Key::of(name), value);
    }
  }
  void run(std::span<const Request> batch) {
    auto& session = client_->session();
    harness_.core().executor.run(session, batch, std::numeric_limits<std::size_t>::max());
    session.reply.buffer().consume(session.reply.buffer().size());
  }
  void end_turn() { harness_.core().end_turn(); }

 private:
  larder::server::Harness harness_;
  std::unique_ptr<larder::server::Harness::Client> client_;
};

void measure(benchmark::State& state, const Load& load, const std::string& value,
             std::size_t batch_size) {
  Server server(static_cast<std::size_t>(state.range(0)), value);
  std::size_t next = 0;
  for (auto _ : state) {
    const auto batch = load.batch(next++);
    for (std::size_t at = 0; at < kBatch; at += batch_size) {
      server.run(batch.subspan(at, batch_size));
    }
    server.end_turn();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBatch));
}

const std::string kValue(32, 'v');

void get(benchmark::State& state) {
  measure(state, Load(static_cast<std::size_t>(state.range(0)), {"GET"}, 1, {}), kValue, kBatch);
}
void get_one_by_one(benchmark::State& state) {
  measure(state, Load(static_cast<std::size_t>(state.range(0)), {"GET"}, 1, {}), kValue, 1);
}
void set(benchmark::State& state) {
  measure(state, Load(static_cast<std::size_t>(state.range(0)), {"SET"}, 1, {kValue}), kValue,
          kBatch);
}
void incr(benchmark::State& state) {
  measure(state, Load(static_cast<std::size_t>(state.range(0)), {"INCR"}, 1, {}), "1000", kBatch);
}
void mget_of_10(benchmark::State& state) {
  measure(state, Load(static_cast<std::size_t>(state.range(0)), {"MGET"}, 10, {}), kValue, kBatch);
}
void ping(benchmark::State& state) { measure(state, Load(1, {"PING"}, 0, {}), kValue, kBatch); }

BENCHMARK(ping)->Arg(1);
BENCHMARK(get)->Arg(1000)->Arg(1'000'000);
BENCHMARK(get_one_by_one)->Arg(1000)->Arg(1'000'000);
BENCHMARK(set)->Arg(1000)->Arg(1'000'000);
BENCHMARK(incr)->Arg(1000)->Arg(1'000'000);
BENCHMARK(mget_of_10)->Arg(1000)->Arg(1'000'000);

}  // namespace
