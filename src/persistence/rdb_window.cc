#include "rdb_window.h"

#include <algorithm>
#include <cstring>

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

void RdbWindow::compact() {
  sum_taken();
  std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
  first_ += begin_;
  end_ -= begin_;
  begin_ = 0;
  summed_ = 0;
}

base::Result<void> RdbWindow::fill(std::size_t wanted) {
  if (begin_ > 0) compact();
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
