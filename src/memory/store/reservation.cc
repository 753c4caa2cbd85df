#include "reservation.h"

#include <sys/mman.h>

#include <algorithm>

#include "larder/memory/data_class.h"

namespace larder::memory {

Reservation::Reservation(std::size_t bytes, std::size_t least) {
  for (; bytes >= std::max(least, kPageBytes); bytes = bytes / 2 & ~(kPageBytes - 1)) {
    void* const found = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) continue;
    begin_ = static_cast<char*>(found);
    bytes_ = bytes;
    // A huge page would be resident as a whole, however few of its pages are counted.
    ::madvise(found, bytes, MADV_NOHUGEPAGE);
    return;
  }
}

Reservation::~Reservation() {
  if (begin_ != nullptr) ::munmap(begin_, bytes_);
}

bool Reservation::extend(std::size_t bytes, std::size_t step) {
  if (bytes <= usable_) return true;
  if (bytes > bytes_) return false;
  const auto make_usable = [this](std::size_t end) {
    if (::mprotect(begin_ + usable_, end - usable_, PROT_READ | PROT_WRITE) != 0) return false;
    usable_ = end;
    return true;
  };
  const std::size_t needed = detail::rounded_up(bytes, kPageBytes);
  return make_usable(std::min(std::max(needed, usable_ + step), bytes_)) || make_usable(needed);
}

}  // namespace larder::memory
