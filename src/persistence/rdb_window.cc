#include "rdb_window.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "larder/persistence/crc64.h"

namespace larder::persistence {

bool RdbWindow::sum_some(std::size_t most) {
  const std::size_t bytes = std::min(begin_ - summed_, most);
  if (sums_) crc_ = crc64(crc_, {bytes_.data() + summed_, bytes});
  summed_ += bytes;
  return summed_ < begin_;
}

// Not much more than the file has.
std::uint64_t RdbWindow::useful(std::size_t wanted) const {
  const std::uint64_t rest = source_.size() > first_ ? source_.size() - first_ : 0;
  const std::uint64_t most = std::max<std::uint64_t>({rest + 1, end_ + 1, 64});
  return std::min<std::uint64_t>(std::max(wanted, least_), most);
}

std::uint64_t RdbWindow::sum_with(std::size_t bytes) {
  sum_taken();
  return crc64(crc_, rest().substr(0, bytes));
}

bool RdbWindow::move_some(std::size_t wanted, std::size_t most) {
  const auto room = static_cast<std::size_t>(useful(wanted));
  if (moved_ == 0) sum_taken();
  if (moved_ == 0 && bytes_.capacity() < room) larger_.reserve(room);
  const bool grows = larger_.capacity() > 0;
  if (begin_ == 0 && !grows) return false;
  const std::size_t piece = std::min(end_ - begin_ - moved_, most);
  const char* const from = bytes_.data() + begin_ + moved_;
  if (grows) {
    larger_.insert(larger_.end(), from, from + piece);
  } else {
    std::memmove(bytes_.data() + moved_, from, piece);
  }
  moved_ += piece;
  if (moved_ < end_ - begin_) return true;
  if (grows) bytes_ = std::exchange(larger_, Bytes());
  first_ += begin_;
  end_ = std::exchange(moved_, 0);
  begin_ = 0;
  summed_ = 0;
  return false;
}

base::Result<void> RdbWindow::fill(std::size_t wanted) {
  while (move_some(wanted, end_)) {
  }
  const auto room = static_cast<std::size_t>(useful(wanted));
  if (bytes_.size() < room) bytes_.resize(room);
  while (end_ < wanted && !at_end_) {
    if (end_ == bytes_.size()) bytes_.resize(2 * bytes_.size());
    auto got = source_.read(bytes_.data() + end_, bytes_.size() - end_);
    if (!got) return got.error();
    end_ += *got;
    at_end_ = *got == 0;
  }
  return {};
}

}  // namespace larder::persistence
