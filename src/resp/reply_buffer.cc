#include "larder/resp/reply_buffer.h"

#include <sys/uio.h>

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"

namespace larder::resp {
namespace {

constexpr auto kOwner = memory::Owner::client_output;

}  // namespace

Chunk* ChunkPool::take(std::size_t bytes) {
  Chunk* chunk = nullptr;
  std::size_t capacity = kRoom;
  if (bytes > kRoom) {
    const std::size_t block = memory::size_class(sizeof(Chunk) + bytes);
    capacity = block - sizeof(Chunk);
    chunk = static_cast<Chunk*>(memory::allocate(kOwner, block));
  } else if (free_ != nullptr) {
    chunk = free_;
    free_ = chunk->next;
    --free_count_;
  } else {
    chunk = static_cast<Chunk*>(memory::allocate(kOwner, kChunkBytes));
  }
  *chunk = Chunk{.next = nullptr, .capacity = capacity, .begin = 0, .end = 0, .shared = nullptr};
  return chunk;
}

Chunk* ChunkPool::take(SharedText& text) {
  auto* const chunk = static_cast<Chunk*>(memory::allocate(kOwner, sizeof(Chunk)));
  text.hold();
  *chunk =
      Chunk{.next = nullptr, .capacity = 0, .begin = 0, .end = text.text().size(), .shared = &text};
  return chunk;
}

void ChunkPool::give(Chunk* chunk) {
  if (chunk->capacity == kRoom && free_count_ < most_free_) {
    chunk->next = free_;
    free_ = chunk;
    ++free_count_;
  } else {
    if (chunk->shared != nullptr) chunk->shared->release();
    memory::release(kOwner, chunk, sizeof(Chunk) + chunk->capacity);
  }
}

void ChunkPool::trim() {
  while (free_ != nullptr) {
    Chunk* next = free_->next;
    memory::release(kOwner, free_, kChunkBytes);
    free_ = next;
  }
  free_count_ = 0;
}

void ReplyBuffer::settle_tail() {
  if (tail_ == nullptr) return;
  tail_->end = static_cast<std::size_t>(write_ - tail_->data());
}

[[gnu::always_inline]] inline void ReplyBuffer::link(Chunk* chunk) {
  ++chunks_;
  held_ += sizeof(Chunk) + chunk->capacity;
  if (chunk->shared != nullptr) shared_ += chunk->shared->held_bytes();
  if (tail_ == nullptr) {
    head_ = chunk;
  } else {
    settle_tail();
    closed_ += tail_->end - tail_->begin;
    tail_->next = chunk;
  }
  tail_ = chunk;
  unsent_ = chunk->data();
}

char* ReplyBuffer::start_chunk(std::size_t bytes) {
  link(pool_->take(bytes));
  write_ = unsent_;
  limit_ = write_ + tail_->capacity;
  return write_;
}

void ReplyBuffer::share(SharedText& text) {
  link(pool_->take(text));
  write_ = limit_ = unsent_ + tail_->end;
}

void ReplyBuffer::append_slowly(std::string_view text) {
  const auto left = static_cast<std::size_t>(limit_ - write_);
  const std::string_view first = text.substr(0, left);
  if (!first.empty()) {
    std::memcpy(write_, first.data(), first.size());
    commit(first.size());
  }
  const std::string_view rest = text.substr(first.size());
  if (rest.empty()) return;
  std::memcpy(start_chunk(rest.size()), rest.data(), rest.size());
  commit(rest.size());
}

void ReplyBuffer::take_over(ReplyBuffer& other) {
  LARDER_ASSERT(pool_ == other.pool_ && this != &other);
  if (other.head_ == nullptr) return;
  if (tail_ == nullptr) {
    head_ = other.head_;
  } else {
    settle_tail();
    closed_ += tail_->end - tail_->begin;
    tail_->next = other.head_;
  }
  tail_ = other.tail_;
  unsent_ = other.unsent_;
  write_ = other.write_;
  limit_ = other.limit_;
  closed_ += other.closed_;
  held_ += other.held_;
  shared_ += other.shared_;
  chunks_ += other.chunks_;
  other.head_ = nullptr;
  other.forget_tail();
  other.closed_ = other.held_ = other.shared_ = other.chunks_ = 0;
}

std::size_t ReplyBuffer::gather(iovec* pieces, std::size_t most) const {
  std::size_t count = 0;
  for (Chunk* chunk = head_; chunk != tail_ && count < most; chunk = chunk->next) {
    if (chunk->end == chunk->begin) continue;
    pieces[count++] = iovec{chunk->data() + chunk->begin, chunk->end - chunk->begin};
  }
  if (count < most && write_ != unsent_) {
    pieces[count++] = iovec{unsent_, static_cast<std::size_t>(write_ - unsent_)};
  }
  return count;
}

// Frees the first chunk, whose bytes closed_ does not count any more.
[[gnu::always_inline]] inline void ReplyBuffer::drop_head() {
  Chunk* chunk = head_;
  head_ = chunk->next;
  --chunks_;
  held_ -= sizeof(Chunk) + chunk->capacity;
  if (chunk->shared != nullptr) shared_ -= chunk->shared->held_bytes();
  if (head_ == nullptr) forget_tail();
  pool_->give(chunk);
}

void ReplyBuffer::consume(std::uint64_t bytes) {
  LARDER_ASSERT(bytes <= size());
  while (head_ != tail_) {
    const std::size_t part = std::min<std::uint64_t>(bytes, head_->end - head_->begin);
    head_->begin += part;
    bytes -= part;
    closed_ -= part;
    if (head_->begin != head_->end) return;
    drop_head();
  }
  unsent_ += bytes;
  if (tail_ == nullptr) return;
  tail_->begin += bytes;
  if (unsent_ == write_) drop_head();
}

ReplyBuffer::First ReplyBuffer::first() const {
  if (head_ == nullptr || head_->capacity != ChunkPool::kRoom) return {};
  const std::size_t end =
      head_ == tail_ ? static_cast<std::size_t>(write_ - head_->data()) : head_->end;
  return {.held = sizeof(Chunk) + head_->capacity, .unsent = end - head_->begin};
}

void ReplyBuffer::clear() {
  closed_ = 0;
  while (head_ != nullptr) drop_head();
}

ReplyBuffer::Patch ReplyBuffer::open_patch() {
  const char* place = reserve(kPatchRoom);
  const Patch patch{tail_, static_cast<std::size_t>(place - tail_->data())};
  commit(kPatchRoom);
  return patch;
}

void ReplyBuffer::close_patch(const Patch& patch, std::string_view text) {
  LARDER_ASSERT(text.size() <= kPatchRoom);
  settle_tail();
  Chunk& chunk = *patch.chunk;
  char* place = chunk.data() + patch.offset;
  const char* followers = place + kPatchRoom;
  const std::size_t unused = kPatchRoom - text.size();
  std::memcpy(place, text.data(), text.size());
  std::memmove(place + text.size(), followers,
               static_cast<std::size_t>(chunk.data() + chunk.end - followers));
  chunk.end -= unused;
  if (&chunk == tail_) {
    write_ -= unused;
  } else {
    closed_ -= unused;
  }
}

}  // namespace larder::resp
