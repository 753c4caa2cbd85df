// The cost of client-side caching, in process: a GET while no client tracks, while another client
// tracks, and by a client that tracks; a SET of a key that N clients have read. Times are for
// one command; GETs come in batches of 16.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/harness/harness.h"

namespace {

using larder::harness::Harness;

constexpr int kKeys = 4096;
constexpr int kBatch = 16;

std::string get(int key) { return "GET key:" + std::to_string(key) + "\r\n"; }

std::vector<std::string> batches() {
  std::vector<std::string> made;
  for (int key = 0; key < kKeys;) {
    std::string& batch = made.emplace_back();
    for (int i = 0; i < kBatch; ++i) batch += get(key++);
  }
  return made;
}

// Reads every key repeatedly.
void read_keys(benchmark::State& state, Harness& harness, Harness::Client& reader) {
  const auto writer = harness.connect();
  for (int key = 0; key < kKeys; ++key) {
    writer->exchange("SET key:" + std::to_string(key) + " value\r\n");
  }
  const auto all = batches();
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(reader.exchange(all[next]));
    next = (next + 1) % all.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kBatch);
}

void get_while_nobody_tracks(benchmark::State& state) {
  Harness harness;
  const auto reader = harness.connect();
  read_keys(state, harness, *reader);
}

void get_while_another_tracks(benchmark::State& state) {
  Harness harness;
  const auto tracker = harness.connect();
  tracker->exchange("CLIENT TRACKING ON\r\n");
  const auto reader = harness.connect();
  read_keys(state, harness, *reader);
}

void get_tracked(benchmark::State& state) {
  Harness harness;
  const auto reader = harness.connect();
  reader->exchange("CLIENT TRACKING ON\r\n");
  read_keys(state, harness, *reader);
}

void set_read_by(benchmark::State& state) {
  Harness harness;
  std::vector<std::unique_ptr<Harness::Client>> readers;
  for (int i = 0; i < state.range(0); ++i) {
    readers.push_back(harness.connect());
    readers.back()->exchange("HELLO 3\r\nCLIENT TRACKING ON\r\n");
  }
  const auto writer = harness.connect();
  const std::string read = get(1);
  for (auto _ : state) {
    state.PauseTiming();
    for (const auto& each : readers) each->exchange(read);
    state.ResumeTiming();
    benchmark::DoNotOptimize(writer->exchange("SET key:1 value\r\n"));
  }
}

BENCHMARK(get_while_nobody_tracks);
BENCHMARK(get_while_another_tracks);
BENCHMARK(get_tracked);
BENCHMARK(set_read_by)->Arg(0)->Arg(1)->Arg(100)->Arg(1000);

}  // namespace
