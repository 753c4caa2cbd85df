// The cost of parsing a request and of writing a reply, in pipelines of 16 and 100.

#include <benchmark/benchmark.h>

#include <string>

#include "larder/resp/reader.h"
#include "larder/resp/writer.h"

namespace {

using namespace larder::resp;

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string key(int i) { return "key:" + std::to_string(1'000'000'000 + i * 7919 % 1'000'000); }

std::string gets(int depth) {
  std::string stream;
  for (int i = 0; i < depth; ++i) stream += "*2\r\n" + bulk("GET") + bulk(key(i));
  return stream;
}

std::string sets(int depth) {
  std::string stream;
  for (int i = 0; i < depth; ++i) {
    stream += "*3\r\n" + bulk("SET") + bulk(key(i)) + bulk(std::string(32, 'v'));
  }
  return stream;
}

void parse(benchmark::State& state, const std::string& stream) {
  Reader reader;
  Batch batch;
  const Limits limits;
  std::size_t requests = 0;
  for (auto _ : state) {
    std::span<const char> input(stream);
    for (;;) {
      const Parsed parsed = reader.parse(input, batch, limits);
      requests += batch.size();
      benchmark::DoNotOptimize(batch.requests().data());
      batch.clear();
      if (parsed.status != Parsed::Status::full) break;
      input = input.subspan(parsed.consumed);
    }
  }
  state.counters["each"] = benchmark::Counter(
      static_cast<double>(requests), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void parse_get(benchmark::State& state) { parse(state, gets(static_cast<int>(state.range(0)))); }
void parse_set(benchmark::State& state) { parse(state, sets(static_cast<int>(state.range(0)))); }

void write_bulk(benchmark::State& state) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  Writer writer(buffer);
  const std::string value(static_cast<std::size_t>(state.range(0)), 'v');
  std::size_t replies = 0;
  for (auto _ : state) {
    for (int i = 0; i < 100; ++i) writer.bulk(value);
    replies += 100;
    buffer.consume(buffer.size());
  }
  state.counters["each"] = benchmark::Counter(
      static_cast<double>(replies), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void write_ok(benchmark::State& state) {
  ChunkPool pool;
  ReplyBuffer buffer(pool);
  Writer writer(buffer);
  std::size_t replies = 0;
  for (auto _ : state) {
    for (int i = 0; i < 100; ++i) writer.ok();
    replies += 100;
    buffer.consume(buffer.size());
  }
  state.counters["each"] = benchmark::Counter(
      static_cast<double>(replies), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(parse_get)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(parse_set)->Arg(1)->Arg(16)->Arg(100);
BENCHMARK(write_bulk)->Arg(3)->Arg(12)->Arg(32)->Arg(100)->Arg(1024)->Arg(100'000);
BENCHMARK(write_ok);

}  // namespace
