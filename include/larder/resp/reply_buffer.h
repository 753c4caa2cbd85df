#pragma once

// The replies of a connection that are not sent yet: a list of chunks from a pool that the
// connections of a loop share. An empty buffer holds no memory.
//
// A buffer is bounded while it is written: when it may not take another chunk, by its own bound or
// by that of the pool, it drops what is written from then on, until keep_first() or clear().

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
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

class ReplyBuffer;

// Decides whether output may take more memory than the pool's bound.
class OutputRoom {
 public:
  // The buffer asks for a block of `bytes`, or tells that so many bytes will follow.
  virtual bool grants(const ReplyBuffer& buffer, std::uint64_t bytes) = 0;

 protected:
  ~OutputRoom() = default;
};

// Chunks of 16 KiB, charged to client_output, kept for reuse up to a bound. Outlives the
// buffers that use it. Free chunks are handed out in any case; before the pool allocates beyond its
// bound, it asks.
class ChunkPool {
 public:
  static constexpr std::size_t kChunkBytes = 16 * 1024;
  static constexpr std::size_t kRoom = kChunkBytes - sizeof(Chunk);

  explicit ChunkPool(std::size_t most_free = 64) : most_free_(most_free) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // Beyond `most` bytes in use, `room` is asked for each further block. Without room there is no
  // bound.
  void bound(std::uint64_t most, OutputRoom& room) {
    most_ = most;
    room_ = &room;
  }
  // What buffers hold of it, free chunks not counted.
  std::uint64_t used_bytes() const { return allocated_ - free_count_ * kChunkBytes; }
  // Whether the buffer may take so many bytes more.
  bool allows(const ReplyBuffer& buffer, std::uint64_t bytes) {
    return used_bytes() + bytes <= most_ || room_ == nullptr || room_->grants(buffer, bytes);
  }

  // An empty chunk with room for at least `bytes`; more than kRoom makes a block of its own. Null
  // when the buffer may not have it.
  Chunk* take(std::size_t bytes, const ReplyBuffer& buffer);
  // A block with room for `bytes` and hardly more; nobody is asked.
  Chunk* take_alone(std::size_t bytes);
  // A chunk that sends this text, and holds it until then.
  Chunk* take(SharedText& text);
  void give(Chunk* chunk);

  // Gives all free chunks back to the allocator.
  void trim();
  // What the pool holds for itself: free chunks, and the block of dropped_room().
  std::size_t free_bytes() const {
    return free_count_ * kChunkBytes + (dropped_ == nullptr ? 0 : kChunkBytes);
  }

  // Room for kRoom bytes that nobody reads.
  char* dropped_room();

 private:
  Chunk* allocate(std::size_t block);

  Chunk* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::size_t most_free_;
  Chunk* dropped_ = nullptr;
  OutputRoom* room_ = nullptr;
  std::uint64_t allocated_ = 0;  // of blocks in use and of free chunks
  std::uint64_t most_ = std::numeric_limits<std::uint64_t>::max();
};

class ReplyBuffer {
 public:
  static constexpr std::uint64_t kNoBound = std::numeric_limits<std::uint64_t>::max();

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

  // From here on at most so many bytes in all, held_bytes() and shared_bytes().
  void bound(std::uint64_t most) {
    if (!is_dropping()) most_ = most;
  }
  // What is left of that.
  std::uint64_t left_of_bound() const {
    return most_ == kNoBound ? kNoBound : most_ - std::min(most_, held_ + shared_);
  }
  // It was refused memory, and drops what is written.
  bool is_dropping() const { return refused_at_ != 0; }
  // It passed its own bound, not that of the pool.
  bool passed_own_bound() const { return passed_own_bound_; }
  // While it drops: about how much memory all would take that follows the first `kept` bytes. Known
  // where one piece was most of it; otherwise somewhat more than it came to.
  std::uint64_t wanted_behind(std::uint64_t kept) const;
  // held_bytes(), or more than a chunk when it drops.
  std::uint64_t grown_bytes() const { return held_ + refused_at_; }
  // About so many bytes follow: where they may not, the buffer drops from here on.
  void expect(std::uint64_t bytes);
  // Forgets all but the first `bytes`, which were there before anything was dropped, and takes what
  // is written again.
  void keep_first(std::uint64_t bytes);
  // Takes what is written again, behind what was there when dropping began.
  void keep_all() {
    if (is_dropping()) keep_first(closed_);
  }
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
  // The same, starting a chunk when needed. Meant for small pieces, of at most kRoom: the end of
  // the chunk at hand is given up.
  char* reserve(std::size_t bytes) {
    char* found = room(bytes);
    return found != nullptr && bytes != 0 ? found : start_chunk(bytes);
  }
  void commit(std::size_t bytes) { write_ += bytes; }
  // Room for a piece of any size in a block of no more than it needs; null where it is dropped.
  char* reserve_alone(std::size_t bytes);

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
  // in between. Closing costs a move of what followed in the same chunk. While the buffer drops,
  // there is no place.
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
  bool may_hold(std::uint64_t more) const { return held_ + shared_ + more <= most_; }
  enum class Refusal : std::uint8_t { own, pool };
  char* drop(std::uint64_t bytes, Refusal refusal);
  void take_as_tail(Chunk* chunk);
  void append_slowly(std::string_view text);
  void settle_tail();
  void forget_tail() { tail_ = nullptr, unsent_ = write_ = limit_ = nullptr; }
  void drop_head();
  void release(Chunk* chunk);
  void stop_dropping();

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
  // While it drops, 0. The tail is then null, and write_ stands in the pool's dropped_room().
  std::uint64_t most_ = kNoBound;
  // Where it came to with the piece that was refused, more than a chunk; 0: nothing is dropped.
  std::uint64_t refused_at_ = 0;
  bool passed_own_bound_ = false;
};

}  // namespace larder::resp
