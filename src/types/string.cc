#include "larder/types/string.h"

#include <algorithm>
#include <new>

#include "larder/memory/pages.h"

namespace larder::types {

Blob* Blob::create(memory::Owner owner, std::size_t size, std::size_t written) {
  auto* const blob = new (memory::allocate(owner, sizeof(Blob) + size)) Blob(size);
  if (written >= kLarge) {
    const auto first = reinterpret_cast<std::uintptr_t>(blob->data());
    memory::populate_pages(first, first + written);
  }
  return blob;
}

void Blob::destroy(memory::Owner owner, Blob* blob) noexcept {
  memory::release(owner, blob, sizeof(Blob) + blob->size_);
}

namespace {

// One step, between addresses that are multiples of it, so that complete huge pages are released.
// Takes 100 to 200 us if all of its pages were touched.
constexpr std::uintptr_t kPieceBytes = 2 << 20;

}  // namespace

bool Blob::destroy_some(memory::Owner owner, Blob* blob, base::Budget& budget) {
  if (blob->footprint() >= kLarge) {
    const auto begin = reinterpret_cast<std::uintptr_t>(blob);
    const std::uintptr_t end = begin + blob->footprint();
    for (;;) {
      const std::uintptr_t piece = (begin & ~(kPieceBytes - 1)) + blob->pieces_gone_ * kPieceBytes;
      if (piece + kPieceBytes + memory::keepable_bytes() > end) {
        const std::uintptr_t discarded = std::max(piece, begin) - begin;
        memory::release_discarded(owner, blob, blob->bytes(), discarded);
        return true;
      }
      const std::int64_t left_us = budget.left_us();
      // The first page has the numbers of the blob.
      memory::discard_pages(std::max(piece, begin + sizeof(Blob)), piece + kPieceBytes);
      ++blob->pieces_gone_;
      // No further step if it would take longer than the time that is left.
      const std::int64_t rest_us = budget.left_us();
      if (rest_us <= left_us - rest_us || rest_us == 0) return false;
    }
  }
  destroy(owner, blob);
  return true;
}

bool Blob::resize_in_place(memory::Owner owner, Blob* blob, std::size_t size) {
  const std::size_t held = blob->footprint();
  if (memory::dataset_class(sizeof(Blob) + size) != held &&
      !memory::resize_in_place(owner, blob, held, sizeof(Blob) + size)) {
    return false;
  }
  blob->size_ = size;
  return true;
}

Blob* Blob::resize(memory::Owner owner, Blob* blob, std::size_t size) {
  const std::size_t held = blob->footprint();
  if (memory::dataset_class(sizeof(Blob) + size) != held) {
    blob = static_cast<Blob*>(memory::reallocate(owner, blob, held, sizeof(Blob) + size));
  }
  blob->size_ = size;
  return blob;
}

}  // namespace larder::types
