#pragma once

// Is told by the executor how long commands took and how large they were, and keeps what the
// directives ask for: distributions of times, the logs of slow and large commands, and the events
// of the latency monitor. The executor looks at three figures that stand here ready for it, so
// that a command which is neither slow nor large costs two comparisons and the histogram.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "larder/base/clock.h"
#include "larder/engine/command_log.h"
#include "larder/engine/latency_histogram.h"
#include "larder/engine/latency_monitor.h"
#include "larder/engine/settings.h"
#include "larder/resp/reply_buffer.h"

namespace larder::engine {

class Observer {
 public:
  // Obeys the settings as they stand and watches them from here on.
  Observer(const base::Clock& clock, Settings& settings);
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  CommandLog log;
  LatencyMonitor latency;

  // Records that `calls` commands took so long together, 1 at least.
  void time(LatencyHistogram& histogram, std::uint64_t cycles, std::uint64_t calls) const {
    if (__builtin_expect(!tracks_, 0)) return;
    if (__builtin_expect(calls != 1, 0)) cycles /= calls;
    histogram.record(nanoseconds(cycles), calls);
  }

  // From so many cycles on slow() wants to hear of a command, or of several timed together.
  std::uint64_t slow_cycles() const { return slow_cycles_; }
  // Of several the last one is told. When together they took so long as one alone may not, nobody
  // knows which it was: their mean is what counts, and for a second each is timed by itself.
  void slow(const LoggedCommand& ran, std::uint64_t cycles, std::uint64_t calls);
  // Commands must be timed one by one.
  bool times_each() const { return times_each_; }
  // Called a few times a second: ends that second.
  void tend();

  // Where so many bytes wait to be sent after a command, sizes() wants to hear of it.
  std::uint64_t watched_reply_bytes() const { return watched_reply_bytes_; }
  // Commands of so many bytes in all are about to run: if one of them may be a large request,
  // sizes() wants to hear of each, until the next call.
  void expect(std::uint64_t request_bytes) {
    watched_reply_bytes_ = request_bytes >= large_request_ ? 0 : least_watched_;
  }
  // Commands of so many bytes more, which were kept until now.
  void expect_more(std::uint64_t request_bytes) {
    if (request_bytes >= large_request_) watched_reply_bytes_ = 0;
  }
  void sizes(const LoggedCommand& ran, std::uint64_t reply_bytes);

 private:
  // More output than one chunk is looked at after each command in any case.
  static constexpr std::uint64_t kWatched = resp::ChunkPool::kChunkBytes + 1;
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t nanoseconds(std::uint64_t cycles) const {
    return static_cast<std::uint64_t>((static_cast<__uint128_t>(cycles) * ns_per_cycle_) >> 32);
  }
  std::int64_t microseconds(std::uint64_t cycles) const {
    return static_cast<std::int64_t>(nanoseconds(cycles) / 1000);
  }
  void watch();
  void obey();
  void note(LogKind kind, const LoggedCommand& ran, std::int64_t value);
  const config::Integer& most(LogKind kind) const;

  const base::Clock& clock_;
  Settings& settings_;
  std::uint64_t slow_cycles_ = kNever;
  std::uint64_t watched_reply_bytes_ = kWatched;
  std::uint64_t ns_per_cycle_;  // in 1 / 2^32
  bool tracks_ = true;
  bool times_each_ = false;
  // Limits as the executor compares them: kNever where there is none.
  std::uint64_t large_request_ = kNever;
  std::uint64_t large_reply_ = kNever;
  std::uint64_t least_watched_ = kWatched;
  std::int64_t suspicious_until_ms_ = 0;  // steady clock
};

}  // namespace larder::engine
