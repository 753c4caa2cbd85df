#include "rdb_window.h"

#include <algorithm>
#include <cstring>

#include "larder/persistence/crc64.h"

namespace larder::persistence {

void RdbWindow::sum_taken() {
  if (sums_) crc_ = crc64(crc_, {bytes_.data() + summed_, begin_ - summed_});
  summed_ = begin_;
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
  const std::uint64_t rest = source_.size() > first_ ? source_.size() - first_ : 0;
  const std::uint64_t useful = std::max<std::uint64_t>(rest + 1, end_ + 1);
  const auto room = static_cast<std::size_t>(
      std::min<std::uint64_t>(std::max(wanted, least_), std::max<std::uint64_t>(useful, 64)));
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
