#include "journal_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "aof_cutter.h"
#include "crc32c.h"

namespace larder::persistence {
namespace {

using At = JournalFailure::At;

// The pieces of the ring and the annotation.
using Pieces = std::array<iovec, 3>;

iovec piece_of(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

// The first `bytes` are written.
void drop(Pieces& pieces, std::size_t bytes) {
  for (iovec& piece : pieces) {
    const std::size_t part = std::min(bytes, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + part;
    piece.iov_len -= part;
    bytes -= part;
  }
}

std::size_t size_of(const Pieces& pieces) {
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  return size;
}

}  // namespace

int JournalCalls::open_existing(const char* path) { return ::open(path, O_WRONLY | O_CLOEXEC); }

std::ptrdiff_t JournalCalls::write_at(int file, const iovec* pieces, int count,
                                      std::uint64_t offset) {
  return ::pwritev(file, pieces, count, static_cast<off_t>(offset));
}

int JournalCalls::sync_data(int file) { return ::fdatasync(file); }

int JournalCalls::truncate(int file, std::uint64_t size) {
  return ::ftruncate(file, static_cast<off_t>(size));
}

base::Result<std::uint64_t> mark_increment(JournalCalls& calls, int file) {
  std::string_view left = kEmptyGroup;
  while (!left.empty()) {
    const iovec piece = piece_of(left);
    const std::ptrdiff_t done = calls.write_at(file, &piece, 1, kEmptyGroup.size() - left.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return base::Error{std::strerror(errno)};
    left.remove_prefix(static_cast<std::size_t>(done));
  }
  if (calls.sync_data(file) != 0) return base::Error{std::strerror(errno)};
  return kEmptyGroup.size();
}

JournalFile::~JournalFile() { close_all(); }

void JournalFile::close_all() {
  for (Descriptor& each : descriptors_) {
    if (each.file >= 0) calls_.close(each.file);
    each.file = -1;
  }
}

void JournalFile::open(int file, const RingPlace& place) {
  std::unique_lock lock(mutex_);
  synced_.wait(lock, [this] {
    return std::none_of(descriptors_.begin(), descriptors_.end(),
                        [](const Descriptor& each) { return each.syncs; });
  });
  close_all();
  descriptors_[0].file = file;
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  bool has_all = true;
  for (std::size_t i = 1; i < descriptors_.size(); ++i) {
    descriptors_[i].file = calls_.open_existing(path.c_str());
    has_all = has_all && descriptors_[i].file >= 0;
  }
  overlaps_.store(has_all, std::memory_order_relaxed);
  place_.seq = place.seq;
  group_begin_ = place.file_bytes;
  group_sum_ = 0;
  synced_bytes_ = 0;
  opened_bytes_ = place.file_bytes;
  take(place.position, place.file_bytes);
}

void JournalFile::take(std::uint64_t position, std::uint64_t file_bytes) {
  place_.position = position;
  place_.file_bytes = file_bytes;
  place_.group_bytes = file_bytes - group_begin_;
  ring_.take(place_);
  bytes_.store(file_bytes, std::memory_order_relaxed);
  written_.store(position, std::memory_order_release);
}

// The limit is read after the end: it was set before anything behind it was published.
JournalFailure JournalFile::move() {
  const std::lock_guard lock(mutex_);
  const JournalRing::Published published = ring_.published();
  const std::uint64_t limit = this->limit();
  const std::uint64_t end = std::min(published.end, limit);
  const std::uint64_t boundary = std::min(published.boundary, limit);
  if (boundary > place_.position) {
    if (const JournalFailure failed = write(boundary, /*ends_group=*/true)) return failed;
  }
  // A command that is larger than the ring's free part comes in pieces.
  return end > place_.position ? write(end, /*ends_group=*/false) : JournalFailure{};
}

JournalFailure JournalFile::write(std::uint64_t to, bool ends_group) {
  const auto parts = ring_.between(place_.position, to);
  const std::uint32_t sum = crc32c(crc32c(group_sum_, parts[0]), parts[1]);
  std::uint64_t at = place_.file_bytes;
  const std::uint64_t end = at + parts[0].size() + parts[1].size();
  char line[kGroupSumChars];
  std::string_view annotation;
  if (ends_group)
    annotation = print_group_sum({sum, end - group_begin_, group_begin_, synced_bytes_}, line);
  Pieces left = {piece_of(parts[0]), piece_of(parts[1]), piece_of(annotation)};
  while (size_of(left) > 0) {
    const std::ptrdiff_t done = calls_.write_at(file(), left.data(), left.size(), at);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      const int reason = errno;
      // The loader would take a part of a group for a torn end.
      calls_.truncate(file(), place_.file_bytes);
      return {At::write, reason};
    }
    at += static_cast<std::uint64_t>(done);
    drop(left, static_cast<std::size_t>(done));
  }
  group_sum_ = ends_group ? 0 : sum;
  if (ends_group) group_begin_ = at;
  take(to, at);
  return {};
}

// A file to which nothing was added needs no other end.
void JournalFile::seal() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t bytes = place_.file_bytes;
  if (bytes == opened_bytes_ || bytes != group_begin_ || bytes != synced_bytes_) return;
  char line[kGroupSumChars];
  const iovec piece = piece_of(print_group_sum({0, 0, bytes, bytes}, line));
  const std::ptrdiff_t done = calls_.write_at(file(), &piece, 1, bytes);
  if (done == static_cast<std::ptrdiff_t>(piece.iov_len)) return;
  calls_.truncate(file(), bytes);
}

JournalFailure JournalFile::sync(std::size_t by) {
  std::unique_lock lock(mutex_);
  Descriptor& descriptor = descriptors_[by];
  synced_.wait(lock, [&] { return !descriptor.syncs; });
  descriptor.syncs = true;
  const std::uint64_t bytes = place_.file_bytes;
  lock.unlock();
  const int reason = calls_.sync_data(descriptor.file) == 0 ? 0 : errno;
  lock.lock();
  descriptor.syncs = false;
  synced_.notify_all();
  if (reason != 0) return {At::sync, reason};
  synced_bytes_ = std::max(synced_bytes_, bytes);
  return {};
}

}  // namespace larder::persistence
