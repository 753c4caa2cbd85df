#include "sync_payload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "larder/replication/history.h"

namespace larder::replication {

int UnnamedFileCalls::create(const char*) { return ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0); }

bool FilePayload::complete() {
  struct stat found;
  if (::fstat(file_->descriptor(), &found) != 0) return false;
  size_ = static_cast<std::uint64_t>(found.st_size);
  return true;
}

std::shared_ptr<PipePayload> PipePayload::make(std::shared_ptr<Spill> spill) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return nullptr;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::shared_ptr<PipePayload>(new PipePayload(ends[0], ends[1], std::move(spill)));
}

PipePayload::PipePayload(int reading, int writing, std::shared_ptr<Spill> spill)
    : SyncPayload(writing),
      mark_(random_replication_id()),
      reading_(reading),
      writing_(writing),
      spill_(std::move(spill)) {}

PipePayload::~PipePayload() {
  close();
  spill_->clear();
  ::close(writing_);
}

void PipePayload::close() {
  if (reading_ >= 0) ::close(reading_);
  reading_ = -1;
}

bool PipePayload::complete() {
  is_complete_ = true;
  fill();
  return true;
}

bool PipePayload::read_some() {
  char piece[16 * 1024];
  while (reading_ >= 0) {
    const ssize_t got = ::read(reading_, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      is_drained_ = is_complete_;
      return false;
    }
    bytes_.append({piece, static_cast<std::size_t>(got)});
    return has_news_ = true;
  }
  return false;
}

bool PipePayload::fill() {
  while (bytes_.size() < kMostHeld && read_some()) {
  }
  return std::exchange(has_news_, false);
}

void PipePayload::fill_more(const Bounds& bounds) {
  constexpr int kPieces = 32;
  for (int i = 0; i < kPieces && has_room(bounds) && read_some(); ++i) {
  }
}

bool PipePayload::has_room(const Bounds& bounds) {
  constexpr auto kChunk = Backlog::kChunkBytes;
  while (bytes_.size() >= kMostHeld && spill_->bytes() + kChunk <= bounds.on_disk &&
         spill_->may_take()) {
    spill_->take(bytes_);
  }
  const bool uses_disk = bounds.on_disk > 0 && !spill_->has_failed();
  return bytes_.size() < (uses_disk ? kMostWaiting : bounds.in_memory);
}

std::string_view PipePayload::at(std::uint64_t position, FileReader& reader) {
  const auto offset = static_cast<std::int64_t>(position) + 1;
  if (spill_->holds(offset)) return spill_->at(offset, reader);
  if (position == end()) fill();
  return bytes_.at(offset);
}

void PipePayload::drop_before(std::uint64_t position) {
  const auto needed = static_cast<std::int64_t>(position) + 1;
  if (!spill_->empty()) spill_->drop_before(needed);
  while (bytes_.has_whole_chunk() &&
         bytes_.first() + static_cast<std::int64_t>(Backlog::kChunkBytes) <= needed) {
    bytes_.drop_chunk();
  }
}

}  // namespace larder::replication
