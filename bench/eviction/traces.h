#pragma once

// Synthetic requests to a cache, the same in every run.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "larder/base/rng.h"

namespace larder::bench {

// Requests for numbers of keys below `keys`.
struct Trace {
  std::string name;
  std::uint32_t keys;
  std::vector<std::uint32_t> requests;
};

// Draws ranks from 0 by Zipf's law.
class ZipfRanks {
 public:
  ZipfRanks(std::uint32_t keys, double exponent) : sums_(keys) {
    double sum = 0;
    for (std::uint32_t i = 0; i < keys; ++i) sums_[i] = sum += 1.0 / std::pow(i + 1.0, exponent);
  }
  std::uint32_t draw(base::Rng& rng) const {
    const double at = rng.unit() * sums_.back();
    const auto found = std::lower_bound(sums_.begin(), sums_.end(), at);
    return static_cast<std::uint32_t>(found - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

inline std::vector<std::uint32_t> shuffled(std::uint32_t keys, base::Rng& rng) {
  std::vector<std::uint32_t> order(keys);
  std::iota(order.begin(), order.end(), 0);
  for (std::uint32_t i = keys; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
  return order;
}

// `exponent` 1.0: the key of rank r is read in proportion to 1/r. The order of the keys is
// unrelated to their ranks.
inline Trace zipf(std::uint32_t keys, std::size_t requests, double exponent) {
  base::Rng rng(1);
  char name[16];
  std::snprintf(name, sizeof name, "Zipf %.1f", exponent);
  Trace trace{name, keys, {}};
  const auto order = shuffled(keys, rng);
  const ZipfRanks ranks(keys, exponent);
  for (std::size_t i = 0; i < requests; ++i) trace.requests.push_back(order[ranks.draw(rng)]);
  return trace;
}

// Zipf 1.0, and every tenth request is the next one of a walk over all keys.
inline Trace zipf_with_scans(std::uint32_t keys, std::size_t requests) {
  Trace trace = zipf(keys, requests, 1.0);
  trace.name = "Zipf 1.0 with scans";
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < requests; i += 10) trace.requests[i] = next++ % keys;
  return trace;
}

// Zipf 1.0 over ranks that move: in the course of the trace every key passes through a
// tenth of all ranks.
inline Trace shifting(std::uint32_t keys, std::size_t requests) {
  base::Rng rng(2);
  Trace trace{"shifting working set", keys, {}};
  const auto order = shuffled(keys, rng);
  const ZipfRanks ranks(keys, 1.0);
  for (std::size_t i = 0; i < requests; ++i) {
    const std::size_t moved = i * (keys / 10) / requests;
    trace.requests.push_back(order[(ranks.draw(rng) + moved) % keys]);
  }
  return trace;
}

inline std::vector<Trace> all_traces(std::uint32_t keys, std::size_t requests) {
  return {zipf(keys, requests, 0.8), zipf(keys, requests, 1.0), zipf_with_scans(keys, requests),
          shifting(keys, requests)};
}

}  // namespace larder::bench
