#include "sync_payload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "larder/replication/history.h"

namespace larder::replication {

int UnnamedFileCalls::create(const char*) { return ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0); }

bool FilePayload::complete() {
  struct stat found;
  if (::fstat(file_->descriptor(), &found) != 0) return false;
  size_ = static_cast<std::uint64_t>(found.st_size);
  return true;
}

std::shared_ptr<PipePayload> PipePayload::make() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return nullptr;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return std::shared_ptr<PipePayload>(new PipePayload(ends[0], ends[1]));
}

PipePayload::PipePayload(int reading, int writing)
    : SyncPayload(writing), mark_(random_replication_id()), reading_(reading), writing_(writing) {}

PipePayload::~PipePayload() {
  close();
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

bool PipePayload::fill_up_to(std::uint64_t most) {
  char piece[16 * 1024];
  bool any = false;
  while (reading_ >= 0 && bytes_.size() < most) {
    const ssize_t got = ::read(reading_, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      is_drained_ = is_complete_;
      break;
    }
    bytes_.append({piece, static_cast<std::size_t>(got)});
    any = true;
  }
  return any;
}

std::string_view PipePayload::at(std::uint64_t position, FileReader&) {
  if (position == end()) fill();
  return bytes_.at(static_cast<std::int64_t>(position) + 1);
}

void PipePayload::drop_before(std::uint64_t position) {
  const auto needed = static_cast<std::int64_t>(position) + 1;
  while (bytes_.has_whole_chunk() &&
         bytes_.first() + static_cast<std::int64_t>(Backlog::kChunkBytes) <= needed) {
    bytes_.drop_chunk();
  }
}

}  // namespace larder::replication
