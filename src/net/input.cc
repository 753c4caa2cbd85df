#include "input.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "larder/memory/heap.h"
#include "larder/memory/pages.h"

namespace larder::net {
namespace {

constexpr auto kInputOwner = memory::Owner::client_input;

// The smallest room for which a separate read is worthwhile.
constexpr std::size_t kLeastRoom = 16 * 1024;

// The pages of a buffer of at least kManyPages bytes are requested from the system in steps of
// kPopulated bytes before they are read into: half the cost of page faults.
constexpr std::size_t kManyPages = 4 << 20;
constexpr std::size_t kPopulated = 1 << 20;

void populate(std::span<char> room) {
  const auto first = reinterpret_cast<std::uintptr_t>(room.data());
  memory::populate_pages(first, first + std::min(room.size(), kPopulated));
}

}  // namespace

bool Input::try_reserve(std::size_t capacity) {
  capacity = memory::size_class(capacity);
  if (capacity == capacity_) return true;
  void* const block = data_ == nullptr
                          ? memory::try_allocate(kInputOwner, capacity)
                          : memory::try_reallocate(kInputOwner, data_, capacity_, capacity);
  if (block == nullptr) return false;
  data_ = static_cast<char*>(block);
  capacity_ = capacity;
  return true;
}

void Input::reserve(std::size_t capacity) {
  if (!try_reserve(capacity)) memory::exhausted(kInputOwner, capacity);
}

bool Input::reserve_room(std::size_t wanted) {
  const std::size_t capacity = capacity_for(wanted);
  return capacity <= capacity_ || try_reserve(capacity);
}

void Input::assign(std::span<const char> bytes) {
  clear();
  append(bytes);
}

void Input::append(std::span<const char> bytes) {
  if (bytes.empty()) return;
  if (size_ + bytes.size() > capacity_) reserve(std::max(size_ + bytes.size(), size_ + size_ / 2));
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

std::size_t Input::capacity_for(std::size_t wanted) const {
  const std::size_t bounded = std::max(2 * size_, size_ + kLeastRoom);
  if (wanted > capacity_) return capacity_ < bounded ? std::min(wanted, bounded) : capacity_;
  return size_ == capacity_ ? bounded : capacity_;
}

std::span<char> Input::room(std::size_t wanted) {
  if (const std::size_t capacity = capacity_for(wanted); capacity > capacity_) reserve(capacity);
  const std::span<char> room(data_ + size_, capacity_ - size_);
  if (capacity_ >= kManyPages) populate(room);
  return room;
}

std::size_t Input::growth(std::size_t wanted) const {
  const std::size_t capacity = capacity_for(wanted);
  return capacity > capacity_ ? memory::size_class(capacity) - capacity_ : 0;
}

void Input::drop(std::size_t bytes) {
  if (bytes == size_) return clear();
  if (bytes == 0) return;
  size_ -= bytes;
  std::memmove(data_, data_ + bytes, size_);
  if (size_ < capacity_ / 4) reserve(size_);
}

void Input::clear() {
  if (data_ != nullptr) memory::release(kInputOwner, data_, capacity_);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

}  // namespace larder::net
