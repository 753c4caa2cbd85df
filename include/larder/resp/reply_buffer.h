#pragma once

// The replies of a connection that are not sent yet: a list of chunks from a pool that the
// connections of a loop share. An empty buffer holds no memory.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "larder/resp/shared_text.h"

struct iovec;

namespace larder::resp {

// A piece of output. Bytes [begin, end) of data() are waiting to be sent. They stand behind it
// or, with a capacity of 0, are a shared text's.
struct alignas(16) Chunk {
  Chunk* next;
  std::size_t capacity;
  std::size_t begin;
  std::size_t end;
  SharedText* shared;

  char* data() { return shared == nullptr ? reinterpret_cast<char*>(this + 1) : shared->bytes(); }
  const char* data() const { return const_cast<Chunk*>(this)->data(); }
};

// Chunks of 16 KiB, charged to client_output, kept for reuse up to a bound. Outlives the
// buffers that use it.
class ChunkPool {
 public:
  static constexpr std::size_t kChunkBytes = 16 * 1024;
  static constexpr std::size_t kRoom = kChunkBytes - sizeof(Chunk);

  explicit ChunkPool(std::size_t most_free = 64) : most_free_(most_free) {}
  ~ChunkPool() { trim(); }
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // An empty chunk with room for at least `bytes`; more than kRoom makes a block of its own.
  Chunk* take(std::size_t bytes);
  // A chunk that sends this text, and holds it until then.
  Chunk* take(SharedText& text);
  void give(Chunk* chunk);

  // Gives all free chunks back to the allocator.
  void trim();
  std::size_t free_bytes() const { return free_count_ * kChunkBytes; }

 private:
  Chunk* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::size_t most_free_;
};

class ReplyBuffer {
 public:
  explicit ReplyBuffer(ChunkPool& pool) : pool_(&pool) {}
  ~ReplyBuffer() { clear(); }
  ReplyBuffer(const ReplyBuffer&) = delete;
  ReplyBuffer& operator=(const ReplyBuffer&) = delete;

  // Bytes waiting to be sent.
  std::uint64_t size() const { return closed_ + static_cast<std::uint64_t>(write_ - unsent_); }
  bool empty() const { return size() == 0; }
  // Memory held, the unused ends of chunks included, the shared texts not.
  std::uint64_t held_bytes() const { return held_; }
  // What the shared texts take that are to be sent from here; others may hold them too.
  std::uint64_t shared_bytes() const { return shared_; }
  std::size_t chunks() const { return chunks_; }
  // The first chunk, if it is one of the pool's: what it takes, and its unsent bytes.
  struct First {
    std::size_t held = 0;
    std::size_t unsent = 0;
  };
  First first() const;

  // Room for `bytes` in one piece, or null when the chunk at hand has not got it. commit() what
  // was written of it.
  char* room(std::size_t bytes) {
    return static_cast<std::size_t>(limit_ - write_) >= bytes ? write_ : nullptr;
  }
  // The same, starting a chunk when needed. Meant for small pieces: the end of the chunk at
  // hand is given up.
  char* reserve(std::size_t bytes) {
    char* found = room(bytes);
    return found != nullptr && bytes != 0 ? found : start_chunk(bytes);
  }
  void commit(std::size_t bytes) { write_ += bytes; }

  // Copies `text`, filling the chunk at hand first; a rest of a chunk or more gets one block of
  // its size.
  void append(std::string_view text) {
    if (char* found = room(text.size()); found != nullptr && !text.empty()) {
      std::memcpy(found, text.data(), text.size());
      commit(text.size());
    } else {
      append_slowly(text);
    }
  }

  // Sends the text without a copy of it. Cost: one small block.
  void share(SharedText& text);

  ChunkPool& pool() { return *pool_; }

  // Moves all of `other` behind what is here, without copying. Both use the same pool.
  void take_over(ReplyBuffer& other);

  // Describes up to `most` pieces from the front for writev; returns how many.
  std::size_t gather(iovec* pieces, std::size_t most) const;
  // The first `bytes` are sent. At most size().
  void consume(std::uint64_t bytes);
  void clear();

  // A place to fill in later, kPatchRoom bytes wide, and the filling: `text`, at most that long,
  // takes the place's stead. Patches nest: the last opened is closed first. Nothing is consumed
  // in between. Closing costs a move of what followed in the same chunk.
  static constexpr std::size_t kPatchRoom = 24;
  struct Patch {
    Chunk* chunk = nullptr;
    std::size_t offset = 0;
  };
  Patch open_patch();
  void close_patch(const Patch& patch, std::string_view text);

 private:
  void link(Chunk* chunk);
  char* start_chunk(std::size_t bytes);
  void append_slowly(std::string_view text);
  void settle_tail();
  void forget_tail() { tail_ = nullptr, unsent_ = write_ = limit_ = nullptr; }
  void drop_head();

  ChunkPool* pool_;
  Chunk* head_ = nullptr;
  Chunk* tail_ = nullptr;   // its end is write_, its `end` field is set when it is closed
  char* unsent_ = nullptr;  // the tail's first unsent byte
  char* write_ = nullptr;
  char* limit_ = nullptr;
  std::uint64_t closed_ = 0;  // unsent bytes of all chunks before the tail
  std::uint64_t held_ = 0;
  std::uint64_t shared_ = 0;
  std::size_t chunks_ = 0;
};

}  // namespace larder::resp
