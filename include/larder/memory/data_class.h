#pragma once

// The sizes of the dataset's blocks in the page store (src/memory/store). A block of up to 16 KiB
// is a slot of a slab, and all slots of a slab have the size of its class. A larger block is a run
// of pages.
//
//   bytes            classes                              slab
//   8 .. 512         every 8 bytes                        16 KiB
//   .. 1024          every 16 bytes                       32 KiB
//   .. 16 KiB        1/15, 1/14, .. 1/8 of the slab       16, 32, 64 or 128 KiB
//   above            pages, 8 sizes for each doubling     none

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace larder::memory {

struct SlabClass {
  std::uint32_t slot_bytes = 0;
  std::uint32_t slots = 0;  // in a slab
  std::uint32_t pages = 0;  // of a slab
};

inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kMostSlotBytes = 16 << 10;
inline constexpr std::size_t kSlabClasses = 128;

namespace detail {

inline constexpr std::size_t kMostBy8 = 512;
inline constexpr std::size_t kMostBy16 = 1024;

constexpr std::size_t rounded_up(std::size_t bytes, std::size_t step) {
  return (bytes + step - 1) & ~(step - 1);
}

constexpr SlabClass class_of_slab(std::size_t slab_bytes, std::size_t slots) {
  return {static_cast<std::uint32_t>((slab_bytes / slots) & ~std::size_t{15}),
          static_cast<std::uint32_t>(slots), static_cast<std::uint32_t>(slab_bytes / kPageBytes)};
}

constexpr std::array<SlabClass, kSlabClasses> slab_classes() {
  std::array<SlabClass, kSlabClasses> classes{};
  std::size_t at = 0;
  const auto add = [&](std::size_t slot, std::size_t slab) {
    classes[at++] = {static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(slab / slot),
                     static_cast<std::uint32_t>(slab / kPageBytes)};
  };
  for (std::size_t slot = 8; slot <= kMostBy8; slot += 8) add(slot, 16 << 10);
  for (std::size_t slot = kMostBy8 + 16; slot <= kMostBy16; slot += 16) add(slot, 32 << 10);
  for (std::size_t slab = 16 << 10; slab <= 128 << 10; slab *= 2) {
    for (std::size_t slots = 15; slots >= 8; --slots) classes[at++] = class_of_slab(slab, slots);
  }
  return classes;
}

}  // namespace detail

inline constexpr std::array<SlabClass, kSlabClasses> kSlabs = detail::slab_classes();

namespace detail {

// The class of each size above kMostBy8, by its number of 16 bytes.
constexpr std::array<std::uint8_t, kMostSlotBytes / 16 + 1> classes_by_16() {
  std::array<std::uint8_t, kMostSlotBytes / 16 + 1> numbers{};
  std::uint8_t number = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    while (kSlabs[number].slot_bytes < i * 16) ++number;
    numbers[i] = number;
  }
  return numbers;
}
inline constexpr auto kClassBy16 = classes_by_16();

}  // namespace detail

// The number of the class for 1 to kMostSlotBytes bytes.
constexpr std::size_t slab_class(std::size_t bytes) {
  return bytes <= detail::kMostBy8 ? (bytes - 1) / 8 : detail::kClassBy16[(bytes + 15) / 16];
}

// The bytes that a block of `bytes` takes in the page store. bytes > 0.
constexpr std::size_t data_class(std::size_t bytes) {
  if (bytes <= detail::kMostBy8) return detail::rounded_up(bytes, 8);
  if (bytes <= kMostSlotBytes) return kSlabs[slab_class(bytes)].slot_bytes;
  const unsigned doubling = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
  const std::size_t eighth = std::size_t{1} << (doubling - 3);
  return detail::rounded_up(bytes, eighth < kPageBytes ? kPageBytes : eighth);
}

}  // namespace larder::memory
