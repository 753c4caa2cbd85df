#include "sync_file.h"

#include <cstring>
#include <utility>

#include "larder/base/assert.h"
#include "larder/persistence/crc64.h"
#include "larder/persistence/rdb_file.h"

namespace larder::replication {
namespace {

constexpr std::size_t kSumBytes = 8;

}  // namespace

void SyncFile::write(std::size_t spare) {
  LARDER_ASSERT(!is_busy_);
  const auto rest = held_.end() - static_cast<std::ptrdiff_t>(spare);
  Payload::Bytes kept(rest, held_.end());
  held_.erase(rest, held_.end());
  writing_.swap(held_);
  held_.swap(kept);
  is_busy_ = true;
  worker_.post(*this);
}

void SyncFile::write_last() {
  is_last_ = true;
  write(0);
}

void SyncFile::publish(std::string name) {
  LARDER_ASSERT(!is_busy_);
  name_ = std::move(name);
  is_busy_ = true;
  worker_.post(*this);
}

void SyncFile::work() {
  const auto worked = work_on();
  if (!worked) failure_ = worked.error().text;
}

base::Result<void> SyncFile::work_on() {
  if (!name_.empty()) return file_.publish(name_);
  if (!is_open_) {
    if (auto opened = file_.open(); !opened) return opened;
    is_open_ = true;
  }
  const std::string_view bytes(writing_.data(), writing_.size());
  sum(bytes);
  if (auto written = file_.append(bytes); !written) return written;
  return is_last_ ? check() : base::Result<void>();
}

void SyncFile::sum(std::string_view bytes) {
  bytes_ += bytes.size();
  if (head_.size() < persistence::kRdbHeadBytes) {
    head_ += bytes.substr(0, persistence::kRdbHeadBytes - head_.size());
  }
  if (bytes.size() < kSumBytes) {
    tail_ += bytes;
    const std::size_t over = tail_.size() > kSumBytes ? tail_.size() - kSumBytes : 0;
    crc_ = persistence::crc64(crc_, std::string_view(tail_).substr(0, over));
    tail_.erase(0, over);
    return;
  }
  crc_ = persistence::crc64(crc_, tail_);
  crc_ = persistence::crc64(crc_, bytes.substr(0, bytes.size() - kSumBytes));
  tail_ = bytes.substr(bytes.size() - kSumBytes);
}

// The sum of everything before it; 0 if the primary has computed none.
base::Result<void> SyncFile::check() const {
  if (auto good = persistence::check_rdb_head(head_); !good) return good;
  std::uint64_t written = 0;
  if (tail_.size() == kSumBytes) std::memcpy(&written, tail_.data(), kSumBytes);
  if (written == 0 || written == crc_) return {};
  return base::Error{"Wrong RDB checksum"};
}

void SyncFile::done() {
  is_busy_ = false;
  if (is_dropped_) return user_.on_released();
  if (is_last_ && name_.empty() && failure_.empty()) {
    is_whole_ = true;
    std::uint64_t written = 0;
    std::memcpy(&written, tail_.data(), tail_.size());
    is_unchecked_ = written == 0;
  }
  writing_.clear();
  user_.on_written();
}

}  // namespace larder::replication
