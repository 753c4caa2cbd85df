#pragma once

// The replies of a connection that are not sent yet: a list of chunks from a pool that the
// connections of a loop share. An empty buffer holds no memory.
//
// A buffer is bounded while it is written: if its own bound, that of the pool or the system does
// not allow another chunk, it drops everything that is written from then on, until keep_first() or
// clear().

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "larder/resp/shared_text.h"

struct iovec;

namespace larder::resp {

// A piece of output. Bytes [begin, end) of data() are waiting to be sent. They follow the chunk in
// memory or, with a capacity of 0, belong to a shared text.
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

// Why a buffer got no memory.
enum class Refusal : std::uint8_t {
  own,     // its own bound
  pool,    // the bound of the pool
  system,  // the allocator has none
};

// Decides whether output may take more memory than the pool's bound.
class OutputRoom {
 public:
  // The buffer needs a block of `bytes`, or announces that this many bytes will follow.
  virtual bool grants(const ReplyBuffer& buffer, std::uint64_t bytes) = 0;

 protected:
  ~OutputRoom() = default;
};

// Chunks of 16 KiB, charged to client_output, and kept for reuse up to a bound. Outlives the
// buffers that use it. Free chunks are given out without a check; before the pool allocates beyond
// its bound, it asks `room`.
class ChunkPool {
 public:
  static constexpr std::size_t kChunkBytes = 16 * 1024;
  static constexpr std::size_t kRoom = kChunkBytes - sizeof(Chunk);

  explicit ChunkPool(std::size_t most_free = 64);
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // Above `most` bytes in use, the pool asks `room` before it allocates a block. Without `room`
  // there is no bound.
  void bound(std::uint64_t most, OutputRoom& room) {
    most_ = most;
    room_ = &room;
  }
  // Bytes in use by buffers, without free chunks.
  std::uint64_t used_bytes() const { return allocated_ - free_count_ * kChunkBytes; }
  // Whether this many bytes more are within the bound.
  bool has_room(std::uint64_t bytes) const {
    return used_bytes() <= most_ && bytes <= most_ - used_bytes();
  }
  // Whether the buffer may allocate this many more bytes.
  bool allows(const ReplyBuffer& buffer, std::uint64_t bytes) {
    return has_room(bytes) || room_ == nullptr || is_promised(buffer, bytes) ||
           room_->grants(buffer, bytes);
  }
  // This buffer, and no other, may allocate so many bytes more without a question to `room`. 0 ends
  // the promise.
  void promise(const ReplyBuffer& buffer, std::uint64_t bytes);

  // An empty chunk with room for at least `bytes`; more than kRoom gets a separate block. Null if
  // the buffer may not have it: refusal() tells why.
  Chunk* take(std::size_t bytes, const ReplyBuffer& buffer);
  Refusal refusal() const { return refusal_; }
  // A block for `bytes` of the next size class; does not ask `room`.
  Chunk* take_alone(std::size_t bytes);
  // A chunk that refers to this text until it is sent.
  Chunk* take(SharedText& text);
  void give(Chunk* chunk);

  // Returns all free chunks to the allocator.
  void trim();
  // Bytes of the pool itself: free chunks, and the block of dropped_room().
  std::size_t free_bytes() const { return (free_count_ + 1) * kChunkBytes; }

  // At least kRoom bytes for output that is dropped, which nobody reads. They are there from the
  // beginning, because the system may have no memory when they are needed. Untouched until then.
  char* dropped_room() { return dropped_; }

 private:
  void release_free_chunk();
  // Free chunks are not in use, so a block may take their room: with it, they must not be above the
  // bound.
  void replace_free_chunks(std::size_t block);
  Chunk* allocate(std::size_t block);
  Chunk* try_allocate(std::size_t block);
  bool is_promised(const ReplyBuffer& buffer, std::uint64_t bytes) const;

  Chunk* free_ = nullptr;
  std::size_t free_count_ = 0;
  std::size_t most_free_;
  char* const dropped_;
  OutputRoom* room_ = nullptr;
  std::uint64_t allocated_ = 0;  // of blocks in use and of free chunks
  std::uint64_t most_ = std::numeric_limits<std::uint64_t>::max();
  const ReplyBuffer* promised_ = nullptr;
  std::uint64_t promised_until_ = 0;  // the bytes that it may hold
  Refusal refusal_ = Refusal::pool;   // of the last take() that returned null
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
  // Allocated memory, including unused ends of chunks, without shared texts.
  std::uint64_t held_bytes() const { return held_; }
  // Memory of the shared texts that this buffer refers to; other buffers may refer to them too.
  std::uint64_t shared_bytes() const { return shared_; }
  std::size_t chunks() const { return chunks_; }

  // Sets the bound of the sum of held_bytes() and shared_bytes().
  void bound(std::uint64_t most) {
    if (!is_dropping()) most_ = most;
  }
  // What is left of that.
  std::uint64_t left_of_bound() const {
    return most_ == kNoBound ? kNoBound : most_ - std::min(most_, held_ + shared_);
  }
  // It was refused memory, and drops what is written.
  bool is_dropping() const { return refused_at_ != 0; }
  // Why it drops.
  bool passed_own_bound() const { return is_dropping() && refusal_ == Refusal::own; }
  bool lacks_room() const { return is_dropping() && refusal_ != Refusal::own; }
  bool was_refused_by_system() const { return is_dropping() && refusal_ == Refusal::system; }
  // While it drops: an estimate of the memory that everything after the first `kept` bytes needs.
  // It is exact if one piece was most of it; otherwise slightly more than what was written until
  // then.
  std::uint64_t wanted_behind(std::uint64_t kept) const;
  // held_bytes(), or more than a chunk when it drops.
  std::uint64_t grown_bytes() const { return held_ + refused_at_; }
  // Announces that about this many bytes follow; if they are not allowed, the buffer drops from
  // here on.
  void expect(std::uint64_t bytes);
  // Removes all but the first `bytes`, which were written before anything was dropped, and accepts
  // writes again.
  void keep_first(std::uint64_t bytes);
  // Accepts writes again, after the bytes that were there when dropping started.
  void keep_all() {
    if (is_dropping()) keep_first(closed_);
  }
  // The first chunk, if it is a chunk of the pool: its size, and its unsent bytes.
  struct First {
    std::size_t held = 0;
    std::size_t unsent = 0;
  };
  First first() const;

  // Contiguous room for `bytes`, or null if the current chunk does not have it. The caller must
  // commit() what it has written.
  char* room(std::size_t bytes) {
    return static_cast<std::size_t>(limit_ - write_) >= bytes ? write_ : nullptr;
  }
  // The same, but starts a new chunk if necessary. For small pieces of at most kRoom: the rest of
  // the current chunk stays unused.
  char* reserve(std::size_t bytes) {
    char* found = room(bytes);
    return found != nullptr && bytes != 0 ? found : start_chunk(bytes);
  }
  void commit(std::size_t bytes) { write_ += bytes; }
  // Room for a piece of any size in a block of the smallest size class; null if it is dropped.
  char* reserve_alone(std::size_t bytes);

  // Copies `text`, filling the current chunk first; if the rest is a chunk or more, it gets one
  // block of its size.
  void append(std::string_view text) {
    if (char* found = room(text.size()); found != nullptr && !text.empty()) {
      std::memcpy(found, text.data(), text.size());
      commit(text.size());
    } else {
      append_slowly(text);
    }
  }

  // Appends the text without copying it. Cost: one small block.
  void share(SharedText& text);

  ChunkPool& pool() { return *pool_; }

  // Appends all of `other` without copying. Both use the same pool.
  void take_over(ReplyBuffer& other);

  // All bytes, if they are in one piece and none were dropped; otherwise nothing.
  std::string_view only_piece() const {
    if (head_ != tail_ || write_ == unsent_ || is_dropping()) return {};
    return {unsent_, static_cast<std::size_t>(write_ - unsent_)};
  }
  // Describes up to `most` pieces from the front for writev; returns how many.
  std::size_t gather(iovec* pieces, std::size_t most) const;
  // Copies all of them to `out`, which has room for size() bytes.
  void copy(char* out) const;
  // The first `bytes` are sent. At most size().
  void consume(std::uint64_t bytes);
  void clear();
  // Drops all bytes like clear(), but may keep a chunk of the pool for those that follow: for
  // output that is written and read again and again.
  void rewind() {
    const bool has_one = head_ != nullptr && head_ == tail_;
    if (!has_one || head_->capacity != ChunkPool::kRoom) return clear();
    head_->begin = 0;
    unsent_ = write_ = head_->data();
  }

  // Reserves kPatchRoom bytes, which close_patch() replaces by a `text` of at most this length.
  // Patches nest: the last opened is closed first. consume() must not be called in between. Closing
  // costs a move of the following bytes of the same chunk. While the buffer drops, there is no
  // patch.
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
  // 0 while it drops. The tail is then null, and write_ points into the pool's dropped_room().
  std::uint64_t most_ = kNoBound;
  // The size with the refused piece, more than a chunk; 0 if nothing is dropped.
  std::uint64_t refused_at_ = 0;
  Refusal refusal_ = Refusal::pool;
};

}  // namespace larder::resp
