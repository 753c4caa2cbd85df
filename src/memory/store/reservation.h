#pragma once

// A range of addresses that is reserved at once and becomes usable from its beginning, piece by
// piece. Addresses that are not usable yet take no memory and do not count as committed memory;
// they count for ulimit -v.

#include <cstddef>
#include <cstdint>

namespace larder::memory {

class Reservation {
 public:
  // Reserves `bytes` (a multiple of the page size), or half as much as often as the system refuses
  // it, but not less than `least`; then nothing.
  Reservation(std::size_t bytes, std::size_t least);
  ~Reservation();
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  char* begin() const { return begin_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t usable_bytes() const { return usable_; }
  bool contains(const void* address) const {
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(begin_) <
           bytes_;
  }

  // Makes at least the first `bytes` usable; they are zeros. False if they are more than the
  // reservation, or if the system refuses them. Cost: nothing for most calls, since a piece is
  // at least `step` bytes if the system provides them.
  bool extend(std::size_t bytes, std::size_t step);

 private:
  char* begin_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t usable_ = 0;
};

}  // namespace larder::memory
