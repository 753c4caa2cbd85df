#pragma once

// The interface through which the executor reports commands that ran: for times, the logs of slow
// and large commands, and the events of LATENCY. The executor compares with thresholds that are
// stored here, and calls a virtual function only above them: a command that is neither slow nor
// large costs two comparisons and an addition in its histogram.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "larder/base/cycles.h"
#include "larder/engine/latency_histogram.h"
#include "larder/resp/reply_buffer.h"
#include "larder/resp/request.h"

namespace larder::engine {

struct BoundCommand;
class Session;

// A command that ran, and its session.
struct LoggedCommand {
  const Session& session;
  const BoundCommand& command;
  resp::Args words;
  // Of the words, as a request; 0 if they are not counted.
  std::uint64_t request_bytes = 0;
};

// Work that can block the server, as LATENCY names it.
enum class LatencyEvent : std::uint8_t {
  command,
  fast_command,
  expire_cycle,
  eviction_cycle,
  free_cycle,  // freeing of removed values
  aof_write,
  aof_fsync_always,
  fork,
};
inline constexpr std::size_t kLatencyEvents = 8;

class Observer {
 public:
  virtual ~Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  // Records that `calls` commands, at least 1, took this long together.
  void time(LatencyHistogram& histogram, std::uint64_t cycles, std::uint64_t calls) const {
    if (__builtin_expect(!limits_.tracks, 0)) return;
    if (__builtin_expect(calls != 1, 0)) cycles /= calls;
    histogram.record(nanoseconds(cycles), calls);
  }

  // From this number of cycles on slow() is called for a command, or for several timed together.
  std::uint64_t slow_cycles() const { return limits_.slow_cycles; }
  // If there are several, for the last one.
  virtual void slow(const LoggedCommand& ran, std::uint64_t cycles, std::uint64_t calls) = 0;
  // Commands must be timed separately.
  bool times_each() const { return limits_.times_each; }

  // If this many bytes of output are unsent after a command, sizes() is called for it.
  std::uint64_t watched_reply_bytes() const { return watched_reply_bytes_; }
  // Commands of this size in total will run: if one of them may be a large request, sizes() is
  // called for each, until the next call.
  void expect(std::uint64_t request_bytes) {
    watched_reply_bytes_ = request_bytes >= limits_.large_request ? 0 : least_watched_;
  }
  // Adds commands of this size, which were kept until now.
  void expect_more(std::uint64_t request_bytes) {
    if (request_bytes >= limits_.large_request) watched_reply_bytes_ = 0;
  }
  virtual void sizes(const LoggedCommand& ran, std::uint64_t reply_bytes) = 0;

  // Runs `work`, which is not a command, and reports its time while that is enabled; otherwise the
  // cost is one comparison.
  template <typename Work>
  auto watch(LatencyEvent event, Work work) {
    if (__builtin_expect(!limits_.times_work, 1)) return work();
    const std::uint64_t began = base::cycles();
    const auto result = work();
    worked(event, base::cycles() - began);
    return result;
  }

  // The same for work of another thread that has taken so many microseconds.
  void worked_elsewhere(LatencyEvent event, std::int64_t us) {
    if (!limits_.times_work) return;
    worked(event, static_cast<std::uint64_t>(static_cast<double>(us) * base::cycles_per_us()));
  }

 protected:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  // kNever if nothing is enabled.
  struct Limits {
    std::uint64_t slow_cycles = kNever;
    std::uint64_t large_request = kNever;
    std::uint64_t large_reply = kNever;
    bool tracks = true;       // each command's distribution of times
    bool times_each = false;  // commands of a batch separately
    bool times_work = false;  // outside of commands
  };

  Observer()
      : ns_per_cycle_(static_cast<std::uint64_t>(1000.0 / base::cycles_per_us() * kTwoTo32)) {}

  const Limits& limits() const { return limits_; }
  void compare_with(const Limits& limits) {
    limits_ = limits;
    least_watched_ = std::min(limits.large_reply, kWatched);
    watched_reply_bytes_ = limits.large_request == 0 ? 0 : least_watched_;
  }
  void time_each() { limits_.times_each = true; }
  virtual void worked(LatencyEvent event, std::uint64_t cycles) = 0;

  std::uint64_t nanoseconds(std::uint64_t cycles) const {
    return static_cast<std::uint64_t>((static_cast<__uint128_t>(cycles) * ns_per_cycle_) >> 32);
  }

 private:
  static constexpr double kTwoTo32 = 4294967296.0;
  // More output than one chunk is looked at after each command in any case.
  static constexpr std::uint64_t kWatched = resp::ChunkPool::kChunkBytes + 1;

  Limits limits_;
  std::uint64_t watched_reply_bytes_ = kWatched;
  std::uint64_t least_watched_ = kWatched;
  std::uint64_t ns_per_cycle_;  // in 1 / 2^32
};

}  // namespace larder::engine
