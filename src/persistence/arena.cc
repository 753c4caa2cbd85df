#include "arena.h"

#include <algorithm>

#include "larder/memory/heap.h"

namespace larder::persistence {
namespace {

constexpr auto kOwner = memory::Owner::snapshot;
constexpr std::size_t kSmallest = 512;
constexpr std::size_t kLargest = 64 << 10;
constexpr std::size_t kOwnChunk = kLargest / 8;

}  // namespace

Arena::~Arena() {
  while (first_ != nullptr) {
    Chunk* const chunk = first_;
    first_ = chunk->next;
    memory::release(kOwner, chunk, chunk->bytes);
  }
}

Arena::Chunk* Arena::add_chunk(std::size_t bytes) {
  auto* chunk = static_cast<Chunk*>(memory::allocate(kOwner, bytes));
  chunk->bytes = bytes;
  chunk->next = first_;
  first_ = chunk;
  held_bytes_ += memory::size_class(bytes);
  return chunk;
}

// Chunks double until there are as many bytes as the largest has.
void* Arena::allocate(std::size_t bytes) {
  bytes = (bytes + 7) & ~std::size_t{7};
  if (bytes > left_) {
    if (bytes >= kOwnChunk) return add_chunk(sizeof(Chunk) + bytes) + 1;
    const std::size_t needed = std::max(sizeof(Chunk) + bytes, kSmallest);
    const std::size_t size =
        std::max(needed, std::min(memory::size_class(held_bytes_ + 1), kLargest));
    free_ = reinterpret_cast<char*>(add_chunk(size) + 1);
    left_ = size - sizeof(Chunk);
  }
  char* const block = free_;
  free_ += bytes;
  left_ -= bytes;
  return block;
}

}  // namespace larder::persistence
