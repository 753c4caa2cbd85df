// One PUBLISH to N subscribers, in process: writing the message, sharing it with every
// output, and taking it from there. And a transaction of ten commands. The times are those of one
// message, and of one transaction.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/harness/harness.h"

namespace {

using larder::harness::Harness;

void publish(benchmark::State& state) {
  Harness harness;
  std::vector<std::unique_ptr<Harness::Client>> listeners;
  for (int i = 0; i < state.range(0); ++i) {
    listeners.push_back(harness.connect());
    listeners.back()->exchange("SUBSCRIBE ch\r\n");
  }
  const std::string message(static_cast<std::size_t>(state.range(1)), 'x');
  for (auto _ : state) {
    harness.core().hub.publish(larder::pubsub::Kind::channel, "ch", message);
    for (const auto& one : listeners) {
      auto& output = one->session().reply.buffer();
      output.consume(output.size());
    }
  }
}

void transaction(benchmark::State& state) {
  Harness harness;
  const auto client = harness.connect();
  std::string bytes = "MULTI\r\n";
  for (int i = 0; i < 10; ++i) bytes += "SET key:" + std::to_string(i) + " value\r\n";
  bytes += "EXEC\r\n";
  for (auto _ : state) benchmark::DoNotOptimize(client->exchange(bytes));
}

BENCHMARK(publish)->ArgsProduct({{1, 100, 1000, 10'000}, {32, 4096}})->ArgNames({"to", "bytes"});
BENCHMARK(transaction);

}  // namespace
