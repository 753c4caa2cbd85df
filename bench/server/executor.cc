// The path from requests to replies, without parsing and sockets: batches of 16 requests whose
// arguments are in the cache, as after parsing, over a million random keys and over a few keys that
// are in the cache. Times are for one request.

#include <benchmark/benchmark.h>

#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/cycles.h"
#include "tests/harness/harness.h"

namespace {

using larder::resp::Request;

constexpr std::size_t kBatch = 16;

void print_key(char* out, std::uint64_t number) {
  std::memcpy(out, "key:0000000000", 14);
  for (char* digit = out + 13; number != 0; number /= 10) {
    *digit-- = static_cast<char>('0' + number % 10);
  }
}

// A batch of one command as the parser leaves it: the words of every request in one buffer.
class Batch {
 public:
  Batch(const std::vector<std::string>& before, std::size_t keys_each,
        const std::vector<std::string>& after) {
    const std::size_t words = before.size() + keys_each + after.size();
    views_.reserve(kBatch * words);
    for (std::size_t i = 0; i < kBatch; ++i) {
      for (const std::string& word : before) add(word);
      for (std::size_t k = 0; k < keys_each; ++k) {
        keys_.push_back(add("key:0000000000"));
      }
      for (const std::string& word : after) add(word);
    }
    for (std::size_t i = 0; i < kBatch; ++i) {
      requests_.push_back({.args = {&views_[i * words], words}, .bytes = 0});
    }
  }
  // Draws other keys.
  void shuffle(std::uint64_t keys) {
    for (char* key : keys_) print_key(key, random_() % keys);
  }
  std::span<const Request> requests() const { return requests_; }

 private:
  char* add(const std::string& word) {
    texts_.push_back(std::make_unique<char[]>(word.size()));
    std::memcpy(texts_.back().get(), word.data(), word.size());
    views_.emplace_back(texts_.back().get(), word.size());
    return texts_.back().get();
  }

  std::mt19937_64 random_{1};
  std::vector<std::unique_ptr<char[]>> texts_;
  std::vector<std::string_view> views_;
  std::vector<char*> keys_;
  std::vector<Request> requests_;
};

class Server {
 public:
  Server(std::size_t keys, const std::string& value, const std::string& options)
      : harness_(options), client_(harness_.connect()) {
    auto& db = harness_.core().keyspace.db(0);
    char name[14];
    for (std::size_t i = 0; i < keys; ++i) {
      print_key(name, i);
      db.put(larder::keyspace::Key::of({name, sizeof name}), value);
    }
  }
  void run(std::span<const Request> batch) {
    auto& session = client_->session();
    harness_.core().executor.run(session, batch, std::numeric_limits<std::size_t>::max());
    session.reply.buffer().consume(session.reply.buffer().size());
  }
  void end_turn() { harness_.core().end_turn(); }
  // Effects are encoded from now on, for a sink that ignores them.
  void follow() { harness_.core().executor.follow(follower_); }

 private:
  struct Follower final : larder::engine::EffectSink {
    void take(const larder::engine::Effect& effect) override { benchmark::DoNotOptimize(effect); }
  };

  Follower follower_;
  larder::harness::Harness harness_;
  std::unique_ptr<larder::harness::Harness::Client> client_;
};

// Times the turns alone, from requests to the end of the turn; new keys are drawn in between.
void measure(benchmark::State& state, Server& server, Batch& batch, std::size_t batch_size) {
  const auto keys = static_cast<std::uint64_t>(state.range(0));
  const double seconds_per_cycle = 1e-6 / larder::base::cycles_per_us();
  for (auto _ : state) {
    batch.shuffle(keys);
    const std::uint64_t start = larder::base::cycles();
    for (std::size_t at = 0; at < kBatch; at += batch_size) {
      server.run(batch.requests().subspan(at, batch_size));
    }
    server.end_turn();
    const std::uint64_t end = larder::base::cycles();
    state.SetIterationTime(static_cast<double>(end - start) * seconds_per_cycle / kBatch);
  }
}

void measure(benchmark::State& state, Batch batch, const std::string& value, std::size_t batch_size,
             const std::string& options = {}) {
  Server server(static_cast<std::uint64_t>(state.range(0)), value, options);
  measure(state, server, batch, batch_size);
}

const std::string kValue(32, 'v');

// With a sink that follows effects (second argument 1), or without.
void measure_followed(benchmark::State& state, Batch batch) {
  Server server(static_cast<std::uint64_t>(state.range(0)), kValue, {});
  if (state.range(1) != 0) server.follow();
  measure(state, server, batch, kBatch);
}
void set_followed(benchmark::State& state) { measure_followed(state, Batch({"SET"}, 1, {kValue})); }
void set_ex_followed(benchmark::State& state) {
  measure_followed(state, Batch({"SET"}, 1, {kValue, "EX", "1000"}));
}

void get(benchmark::State& state) { measure(state, Batch({"GET"}, 1, {}), kValue, kBatch); }
void get_one_by_one(benchmark::State& state) { measure(state, Batch({"GET"}, 1, {}), kValue, 1); }
void set(benchmark::State& state) { measure(state, Batch({"SET"}, 1, {kValue}), kValue, kBatch); }
void incr(benchmark::State& state) { measure(state, Batch({"INCR"}, 1, {}), "1000", kBatch); }
void mget_of_10(benchmark::State& state) {
  measure(state, Batch({"MGET"}, 10, {}), kValue, kBatch);
}
void ping(benchmark::State& state) { measure(state, Batch({"PING"}, 0, {}), kValue, kBatch); }

// The cost of hot and big keys: with one of N commands sampled, 0 for none; with the sizes of
// values and lists tracked, or not.
void get_sampled(benchmark::State& state) {
  measure(state, Batch({"GET"}, 1, {}), kValue, kBatch,
          "hot-keys-sample " + std::to_string(state.range(1)) + "\n");
}
std::string sizes_noted(const benchmark::State& state) {
  return state.range(1) != 0 ? "big-keys-tracking yes\n" : "big-keys-tracking no\n";
}
void set_noted(benchmark::State& state) {
  const std::string large(1000, 'v');
  measure(state, Batch({"SET"}, 1, {large}), large, kBatch, sizes_noted(state));
}
void rpush_noted(benchmark::State& state) {
  const auto keys = static_cast<std::uint64_t>(state.range(0));
  Batch push({"RPUSH"}, 1, {"an element"});
  Batch pop({"LPOP"}, 1, {});
  Server server(0, {}, sizes_noted(state));
  const double seconds_per_cycle = 1e-6 / larder::base::cycles_per_us();
  for (auto _ : state) {
    push.shuffle(keys);
    pop.shuffle(keys);
    const std::uint64_t start = larder::base::cycles();
    server.run(push.requests());
    server.run(pop.requests());
    server.end_turn();
    const std::uint64_t end = larder::base::cycles();
    state.SetIterationTime(static_cast<double>(end - start) * seconds_per_cycle / (2 * kBatch));
  }
}

BENCHMARK(get_sampled)
    ->UseManualTime()
    ->ArgsProduct({{1000, 1'000'000}, {0, 1024, 256, 64, 16, 1}});
BENCHMARK(set_noted)->UseManualTime()->ArgsProduct({{1000, 100'000}, {0, 1}});
BENCHMARK(rpush_noted)->UseManualTime()->ArgsProduct({{1000}, {0, 1}});
BENCHMARK(set_followed)->UseManualTime()->ArgsProduct({{1000}, {0, 1}});
BENCHMARK(set_ex_followed)->UseManualTime()->ArgsProduct({{1000}, {0, 1}});
BENCHMARK(ping)->UseManualTime()->Arg(1);
BENCHMARK(get)->UseManualTime()->Arg(1000)->Arg(1'000'000);
BENCHMARK(get_one_by_one)->UseManualTime()->Arg(1000)->Arg(1'000'000);
BENCHMARK(set)->UseManualTime()->Arg(1000)->Arg(1'000'000);
BENCHMARK(incr)->UseManualTime()->Arg(1000)->Arg(1'000'000);
BENCHMARK(mget_of_10)->UseManualTime()->Arg(1000)->Arg(1'000'000);

}  // namespace
