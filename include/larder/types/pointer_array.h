#pragma once

// A growing array of pointers for the inside of one value: 16 bytes when empty.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "larder/memory/mover.h"
#include "larder/types/tally.h"

namespace larder::types {

// Owns its own block only; all calls that change it name the same tally's owner. What the pointers
// of a const array refer to is const.
template <typename T>
class PointerArray {
 public:
  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* const* begin() { return data_; }
  T* const* end() { return data_ + size_; }
  const T* const* begin() const { return data_; }
  const T* const* end() const { return data_ + size_; }
  T*& operator[](std::uint32_t at) { return data_[at]; }
  const T* operator[](std::uint32_t at) const { return data_[at]; }
  T* back() { return data_[size_ - 1]; }
  // At the allocator's sizes.
  std::size_t bytes() const { return room_ == 0 ? 0 : memory::dataset_class(room_ * sizeof(T*)); }

  void insert(Tally& tally, std::uint32_t at, T* pointer) {
    if (size_ == room_) grow(tally);
    std::memmove(data_ + at + 1, data_ + at, (size_ - at) * sizeof(T*));
    data_[at] = pointer;
    ++size_;
  }

  // Gives its block back with its last pointer.
  void erase(Tally& tally, std::uint32_t at) {
    --size_;
    std::memmove(data_ + at, data_ + at + 1, (size_ - at) * sizeof(T*));
    if (size_ > 0) return;
    tally.release(data_, room_ * sizeof(T*));
    data_ = nullptr;
    room_ = 0;
  }

  // Offers its block to the mover.
  void relocate(memory::Owner owner, memory::Mover& mover) {
    if (room_ > 0) memory::offer(mover, owner, data_, room_ * sizeof(T*));
  }

 protected:
  T** data_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;

 private:
  void grow(Tally& tally) {
    const std::size_t held = room_ * sizeof(T*);
    const std::size_t wanted = memory::dataset_class(held == 0 ? sizeof(T*) : 2 * held);
    data_ = static_cast<T**>(held == 0 ? tally.allocate(wanted)
                                       : tally.reallocate(data_, held, wanted));
    room_ = static_cast<std::uint32_t>(wanted / sizeof(T*));
  }
};

}  // namespace larder::types
