#include "loading_slices.h"

#include "larder/base/format.h"

namespace larder::persistence {
namespace {

constexpr std::int64_t kSliceUs = 1000;
constexpr std::int64_t kLogUs = 1'000'000;

}  // namespace

LoadingSlices::LoadingSlices(const Snapshots::Parts& parts, LoadingHost* host)
    : parts_(parts),
      host_(host),
      started_us_(parts.clock.steady_now_us()),
      served_us_(started_us_),
      logged_us_(started_us_) {}

bool LoadingSlices::make_room() {
  // A copy is kept whole, unless this replica has a limit of its own.
  const keyspace::Removals& removals = parts_.keyspace.removals();
  if (removals.held(keyspace::Hold::replica) && removals.eviction_held()) return true;
  if (!parts_.evictor.needs_room()) return true;
  if (parts_.evictor.policy().victims != eviction::Victims::all_keys) return false;
  return parts_.evictor.make_room(base::Budget::unlimited()) != eviction::Room::none;
}

std::string LoadingSlices::no_room_text(std::string_view key, int db) const {
  return "The data does not fit into maxmemory: key '" + std::string(key.substr(0, 128)) +
         "' in DB " + std::to_string(db) + " makes it " +
         std::to_string(parts_.evictor.counted_bytes()) +
         " bytes. Increase maxmemory, or set an allkeys policy";
}

bool LoadingSlices::go_on(std::uint64_t bytes, std::uint64_t keys) {
  if (stopped_ || lacked_room_) return false;
  if (!make_room()) {
    lacked_room_ = true;
    return false;
  }
  if (host_ == nullptr) return true;
  bytes += before_;
  const std::int64_t now_us = parts_.clock.steady_now_us();
  const auto interval =
      static_cast<std::uint64_t>(parts_.settings.loading_process_events_interval_bytes.value());
  if (now_us - served_us_ < kSliceUs && bytes - served_bytes_ < interval) return true;
  return serve(now_us, bytes, keys);
}

bool LoadingSlices::serve(std::int64_t now_us, std::uint64_t bytes, std::uint64_t keys) {
  parts_.metrics.loading.loaded_bytes = bytes;
  if (now_us - logged_us_ >= kLogUs) log_progress(now_us, bytes, keys);
  served_bytes_ = bytes;
  parts_.keyspace.log().clear();
  // Nothing but the file changes the data meanwhile.
  parts_.keyspace.removals().hold(keyspace::Hold::loading);
  stopped_ = !host_->serve();
  parts_.keyspace.removals().release(keyspace::Hold::loading);
  served_us_ = parts_.clock.steady_now_us();
  return !stopped_;
}

void LoadingSlices::log_progress(std::int64_t now_us, std::uint64_t bytes, std::uint64_t keys) {
  logged_us_ = now_us;
  const LoadingFigures& figures = parts_.metrics.loading;
  const std::string line = base::printed(
      "Loading: %.1f%% (%llu of %llu bytes), %llu keys, about %lld seconds left", figures.percent(),
      static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(figures.total_bytes),
      static_cast<unsigned long long>(keys),
      static_cast<long long>(figures.seconds_left(now_us - started_us_)));
  parts_.log.notice(line);
}

}  // namespace larder::persistence
