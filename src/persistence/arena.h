#pragma once

// Memory for many small objects that are freed together: taken from chunks that grow from 512 bytes
// to 64 KB, so that freeing tens of megabytes is a few hundred calls of the allocator.

#include <cstddef>

namespace larder::persistence {

class Arena {
 public:
  Arena() = default;
  // Frees everything.
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Aligned to 8 bytes; not initialised. Larger objects have a chunk of their own.
  void* allocate(std::size_t bytes);
  // The bytes of the chunks, charged to the owner `snapshot`.
  std::size_t held_bytes() const { return held_bytes_; }

 private:
  struct Chunk {
    Chunk* next;
    std::size_t bytes;
  };
  Chunk* add_chunk(std::size_t bytes);

  Chunk* first_ = nullptr;
  char* free_ = nullptr;
  std::size_t left_ = 0;
  std::size_t held_bytes_ = 0;
};

}  // namespace larder::persistence
