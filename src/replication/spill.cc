#include "spill.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "larder/base/assert.h"

namespace larder::replication {
namespace {

constexpr auto kChunk = Backlog::kChunkBytes;
constexpr auto kSpillOwner = memory::Owner::replicas;

// Errno, or 0.
int write_all(int file, const char* bytes, std::size_t size, std::uint64_t position) {
  while (size > 0) {
    const ssize_t done = ::pwrite(file, bytes, size, static_cast<off_t>(position));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes += done;
    size -= static_cast<std::size_t>(done);
    position += static_cast<std::uint64_t>(done);
  }
  return 0;
}

}  // namespace

Spill::~Spill() {
  clear();
  if (!is_idle()) worker_.finish();
}

std::size_t Spill::held_bytes() const {
  return (unwritten_.size() + (is_void_ ? writing_.size() : 0)) * memory::size_class(kChunk);
}

void Spill::take(Backlog& backlog) {
  LARDER_ASSERT(may_take());
  if (empty()) first_ = written_ = end_ = backlog.first();
  LARDER_ASSERT(end_ == backlog.first());
  unwritten_.push_back(backlog.take_chunk());
  end_ += static_cast<std::int64_t>(kChunk);
  write_more();
}

void Spill::write_more() {
  if (is_posted_ || failed_ || unwritten_.empty()) return;
  const bool needs_file =
      files_.empty() || written_ - files_.back().first >= static_cast<std::int64_t>(kFileBytes);
  if (needs_file) {
    files_.push_back({written_, OpenFile::make_unnamed(worker_)});
    if (files_.back().open == nullptr) {
      error_ = errno;
      files_.pop_back();
      return done();
    }
  }
  file_ = files_.back().open;
  position_ = static_cast<std::uint64_t>(written_ - files_.back().first);
  const std::uint64_t left = (kFileBytes - position_) / kChunk;
  const std::size_t chunks = std::min({unwritten_.size(), kMostAtOnce, std::size_t{left}});
  writing_.assign(unwritten_.begin(), unwritten_.begin() + static_cast<std::ptrdiff_t>(chunks));
  is_posted_ = true;
  worker_.post(*this);
}

void Spill::work() {
  error_ = 0;
  std::uint64_t position = position_;
  for (const char* const chunk : writing_) {
    if (error_ == 0) error_ = write_all(file_->descriptor(), chunk, kChunk, position);
    position += kChunk;
  }
}

void Spill::done() {
  is_posted_ = false;
  file_.reset();
  if (std::exchange(is_void_, false)) {
    for (char* const chunk : writing_) memory::release(kSpillOwner, chunk, kChunk);
    writing_.clear();
    return write_more();
  }
  if (error_ != 0) {
    failed_ = true;
    writing_.clear();
    log_.warning(std::string("The stream for replicas cannot be written to disk any more: ") +
                 std::strerror(error_));
    return;
  }
  for (char* const chunk : writing_) {
    memory::release(kSpillOwner, chunk, kChunk);
    unwritten_.pop_front();
    written_ += static_cast<std::int64_t>(kChunk);
  }
  writing_.clear();
  write_more();
}

std::string_view Spill::at(std::int64_t offset, FileReader& reader) const {
  LARDER_ASSERT(holds(offset));
  if (offset >= written_) {
    const auto from = static_cast<std::uint64_t>(offset - written_);
    return {unwritten_[from / kChunk] + from % kChunk, kChunk - from % kChunk};
  }
  const auto file = std::find_if(files_.rbegin(), files_.rend(),
                                 [offset](const File& each) { return each.first <= offset; });
  const std::int64_t end = std::min(written_, file->first + static_cast<std::int64_t>(kFileBytes));
  return reader.at(file->open, static_cast<std::uint64_t>(offset - file->first),
                   static_cast<std::uint64_t>(end - file->first));
}

void Spill::drop_before(std::int64_t offset) {
  if (offset >= end_) return clear();
  if (offset <= first_) return;
  first_ = offset;
  while (!files_.empty() &&
         std::min(written_, files_.front().first + static_cast<std::int64_t>(kFileBytes)) <=
             offset &&
         (!is_posted_ || file_ != files_.front().open)) {
    files_.pop_front();
  }
}

// The chunks that the worker writes stay until it has.
void Spill::clear() {
  if (is_posted_ && !is_void_) {
    is_void_ = true;
    unwritten_.erase(unwritten_.begin(),
                     unwritten_.begin() + static_cast<std::ptrdiff_t>(writing_.size()));
  }
  for (char* const chunk : unwritten_) memory::release(kSpillOwner, chunk, kChunk);
  unwritten_.clear();
  files_.clear();
  first_ = written_ = end_;
  failed_ = false;
}

}  // namespace larder::replication
