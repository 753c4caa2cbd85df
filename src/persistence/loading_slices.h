#pragma once

// Serves clients between slices of loading, logs the progress, and keeps the data within maxmemory.

#include <cstdint>

#include "larder/persistence/snapshots.h"

namespace larder::persistence {

class LoadingSlices {
 public:
  // Without a host no clients are served.
  LoadingSlices(const Snapshots::Parts& parts, LoadingHost* host);

  // The bytes of the files that were loaded before; they are added to those of go_on().
  void loaded_before(std::uint64_t bytes) { before_ = bytes; }
  // So many bytes of the file and so many keys are loaded. False: stop loading.
  bool go_on(std::uint64_t bytes, std::uint64_t keys);
  // False if the limit of memory is exceeded and no key may be evicted for it.
  bool make_room();

  bool lacked_room() const { return lacked_room_; }
  std::string no_room_text(std::string_view key, int db) const;

 private:
  bool serve(std::int64_t now_us, std::uint64_t bytes, std::uint64_t keys);
  void log_progress(std::int64_t now_us, std::uint64_t bytes, std::uint64_t keys);

  const Snapshots::Parts& parts_;
  LoadingHost* const host_;
  const std::int64_t started_us_;
  std::int64_t served_us_;
  std::int64_t logged_us_;
  std::uint64_t before_ = 0;
  std::uint64_t served_bytes_ = 0;
  bool lacked_room_ = false;
  bool stopped_ = false;
};

}  // namespace larder::persistence
