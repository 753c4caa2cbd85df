#include "larder/types/intset.h"

#include <algorithm>

#include "larder/base/assert.h"

namespace larder::types {

// Without a branch on the comparison, because it could not be predicted.
template <typename Integer>
std::size_t IntsetView::search(std::int64_t value) const {
  std::size_t count = size();
  if (count == 0) return 0;
  const std::uint8_t* base = bytes_ + kHeaderBytes;
  std::size_t first = 0;
  while (count > 1) {
    const std::size_t half = count / 2;
    first += load<Integer>(base + (first + half - 1) * sizeof(Integer)) < value ? half : 0;
    count -= half;
  }
  return first + (load<Integer>(base + first * sizeof(Integer)) < value ? 1 : 0);
}

std::size_t IntsetView::lower_bound(std::int64_t value) const {
  switch (width()) {
    case 2:
      return search<std::int16_t>(value);
    case 4:
      return search<std::int32_t>(value);
    default:
      return search<std::int64_t>(value);
  }
}

bool IntsetView::valid(std::string_view raw) {
  if (raw.size() <= kHeaderBytes) return false;
  const IntsetView set(reinterpret_cast<const std::uint8_t*>(raw.data()));
  const std::size_t width = set.width();
  if (width != 2 && width != 4 && width != 8) return false;
  if (set.size() > Intset::kMostIntegers || set.bytes() != raw.size() || set.empty()) return false;
  for (std::size_t i = 1; i < set.size(); ++i) {
    if (set.read(i - 1, width) >= set.read(i, width)) return false;
  }
  return true;
}

bool IntsetCursor::contains(std::int64_t value) {
  std::size_t step = 1;
  std::size_t low = next_;
  while (low + step <= size_ && set_.at(low + step - 1) < value) {
    low += step;
    step *= 2;
  }
  std::size_t high = std::min(low + step - 1, size_);
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (set_.at(middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  next_ = low;
  return low < size_ && set_.at(low) == value;
}

Intset Intset::create(memory::Owner owner) {
  LARDER_ASSERT(memory::is_dataset(owner));
  Intset set(memory::allocate(owner, kHeaderBytes));
  set.header(sizeof(std::int16_t), 0);
  return set;
}

Intset Intset::copy(memory::Owner owner, std::string_view raw) {
  LARDER_ASSERT(memory::is_dataset(owner));
  void* block = memory::allocate(owner, raw.size());
  std::memcpy(block, raw.data(), raw.size());
  return Intset(block);
}

void Intset::header(std::size_t width, std::size_t size) {
  const std::uint32_t words[2] = {static_cast<std::uint32_t>(width),
                                  static_cast<std::uint32_t>(size)};
  std::memcpy(data(), words, sizeof words);
}

void Intset::write(std::size_t index, std::size_t width, std::int64_t value) {
  std::memcpy(place(index, width), &value, width);
}

void Intset::resize(memory::Owner owner, std::size_t bytes_before, std::size_t bytes_after) {
  if (memory::dataset_class(bytes_before) == memory::dataset_class(bytes_after)) return;
  bytes_ = static_cast<std::uint8_t*>(
      memory::reallocate(owner, block(), memory::dataset_class(bytes_before), bytes_after));
}

bool Intset::add(memory::Owner owner, std::int64_t value) {
  const std::size_t wide = width();
  if (width_of(value) > wide) return widen(owner, value), true;
  const std::size_t count = size();
  const std::size_t index = count == 0 || value > greatest() ? count : lower_bound(value);
  if (index < count && at(index) == value) return false;
  LARDER_ASSERT(count < kMostIntegers);
  resize(owner, bytes(), kHeaderBytes + (count + 1) * wide);
  std::memmove(place(index + 1, wide), place(index, wide), (count - index) * wide);
  write(index, wide, value);
  header(wide, count + 1);
  return true;
}

void Intset::widen(memory::Owner owner, std::int64_t value) {
  const std::size_t narrow = width();
  const std::size_t wide = width_of(value);
  const std::size_t count = size();
  resize(owner, bytes(), kHeaderBytes + (count + 1) * wide);
  const std::size_t shift = value < 0 ? 1 : 0;
  for (std::size_t i = count; i-- > 0;) write(i + shift, wide, read(i, narrow));
  write(value < 0 ? 0 : count, wide, value);
  header(wide, count + 1);
}

bool Intset::remove(memory::Owner owner, std::int64_t value) {
  const std::size_t index = lower_bound(value);
  if (index == size() || at(index) != value) return false;
  erase(owner, index);
  return true;
}

void Intset::erase(memory::Owner owner, std::size_t index) {
  const std::size_t wide = width();
  const std::size_t count = size();
  const std::size_t before = bytes();
  std::memmove(place(index, wide), place(index + 1, wide), (count - index - 1) * wide);
  header(wide, count - 1);
  resize(owner, before, before - wide);
}

}  // namespace larder::types
