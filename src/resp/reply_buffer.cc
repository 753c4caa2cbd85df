#include "larder/resp/reply_buffer.h"

#include <sys/uio.h>

#include <algorithm>
#include <utility>

#include "larder/base/assert.h"
#include "larder/memory/heap.h"
#include "larder/memory/pages.h"

namespace larder::resp {
namespace {

constexpr auto kOwner = memory::Owner::client_output;

// The block that a piece of this size takes.
std::size_t block_for(std::size_t bytes) {
  return bytes > ChunkPool::kRoom ? memory::size_class(sizeof(Chunk) + bytes)
                                  : ChunkPool::kChunkBytes;
}

// From here on the pages of a piece that is copied are taken from the system at once.
constexpr std::size_t kManyPages = 4 << 20;

// Where `bytes` are written next.
void populate(char* place, std::size_t bytes) {
  const auto first = reinterpret_cast<std::uintptr_t>(place);
  if (bytes >= kManyPages) memory::populate_pages(first, first + bytes);
}

}  // namespace

Chunk* ChunkPool::allocate(std::size_t block) {
  allocated_ += block;
  return static_cast<Chunk*>(memory::allocate(kOwner, block));
}

Chunk* ChunkPool::try_allocate(std::size_t block) {
  void* const found = memory::try_allocate(kOwner, block);
  if (found != nullptr) allocated_ += block;
  return static_cast<Chunk*>(found);
}

void ChunkPool::promise(const ReplyBuffer& buffer, std::uint64_t bytes) {
  promised_ = bytes == 0 ? nullptr : &buffer;
  promised_until_ = buffer.held_bytes() + bytes;
}

bool ChunkPool::is_promised(const ReplyBuffer& buffer, std::uint64_t bytes) const {
  return promised_ == &buffer && buffer.held_bytes() + bytes <= promised_until_;
}

Chunk* ChunkPool::take(std::size_t bytes, const ReplyBuffer& buffer) {
  Chunk* chunk = nullptr;
  std::size_t capacity = kRoom;
  if (bytes <= kRoom && free_ != nullptr) {
    chunk = free_;
    free_ = chunk->next;
    --free_count_;
  } else {
    const std::size_t block = block_for(bytes);
    if (!allows(buffer, block)) return refusal_ = Refusal::pool, nullptr;
    replace_free_chunks(block);
    capacity = block - sizeof(Chunk);
    chunk = try_allocate(block);
    if (chunk == nullptr) return refusal_ = Refusal::system, nullptr;
  }
  *chunk = Chunk{.next = nullptr, .capacity = capacity, .begin = 0, .end = 0, .shared = nullptr};
  return chunk;
}

Chunk* ChunkPool::take_alone(std::size_t bytes) {
  const std::size_t block = memory::size_class(sizeof(Chunk) + bytes);
  replace_free_chunks(block);
  Chunk* const chunk = allocate(block);
  *chunk = Chunk{
      .next = nullptr, .capacity = block - sizeof(Chunk), .begin = 0, .end = 0, .shared = nullptr};
  return chunk;
}

Chunk* ChunkPool::take(SharedText& text) {
  Chunk* const chunk = allocate(sizeof(Chunk));
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
    const std::size_t block = sizeof(Chunk) + chunk->capacity;
    if (chunk->shared != nullptr) chunk->shared->release();
    allocated_ -= block;
    memory::release(kOwner, chunk, block);
  }
}

void ChunkPool::trim() {
  while (free_ != nullptr) release_free_chunk();
}

void ChunkPool::release_free_chunk() {
  Chunk* const chunk = free_;
  free_ = chunk->next;
  --free_count_;
  allocated_ -= kChunkBytes;
  memory::release(kOwner, chunk, kChunkBytes);
}

void ChunkPool::replace_free_chunks(std::size_t block) {
  while (free_ != nullptr && allocated_ + block > most_) release_free_chunk();
}

ChunkPool::ChunkPool(std::size_t most_free)
    : most_free_(most_free), dropped_(static_cast<char*>(memory::allocate(kOwner, kChunkBytes))) {}

ChunkPool::~ChunkPool() {
  trim();
  memory::release(kOwner, dropped_, kChunkBytes);
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
  if (__builtin_expect(!may_hold(std::max(bytes, ChunkPool::kRoom)), 0)) {
    return drop(block_for(bytes), Refusal::own);
  }
  Chunk* const chunk = pool_->take(bytes, *this);
  if (__builtin_expect(chunk == nullptr, 0)) return drop(block_for(bytes), pool_->refusal());
  link(chunk);
  write_ = unsent_;
  limit_ = write_ + tail_->capacity;
  return write_;
}

char* ReplyBuffer::reserve_alone(std::size_t bytes) {
  if (char* const found = room(bytes); found != nullptr && !is_dropping()) return found;
  if (!may_hold(sizeof(Chunk) + bytes)) return drop(bytes, Refusal::own), nullptr;
  link(pool_->take_alone(bytes));
  write_ = unsent_;
  limit_ = write_ + tail_->capacity;
  return write_;
}

void ReplyBuffer::share(SharedText& text) {
  if (!may_hold(sizeof(Chunk) + text.held_bytes())) {
    drop(text.held_bytes(), Refusal::own);
    return;
  }
  link(pool_->take(text));
  write_ = limit_ = unsent_ + tail_->end;
}

// The chunks stay until the command is over, since they may have open patches.
char* ReplyBuffer::drop(std::uint64_t bytes, Refusal refusal) {
  if (!is_dropping()) {
    settle_tail();
    if (tail_ != nullptr) closed_ += tail_->end - tail_->begin;
    tail_ = nullptr;
    refused_at_ = closed_ + std::max<std::uint64_t>(bytes, ChunkPool::kChunkBytes + 1);
    refusal_ = refusal;
    most_ = 0;
  }
  write_ = unsent_ = pool_->dropped_room();
  limit_ = write_ + ChunkPool::kRoom;
  return write_;
}

std::uint64_t ReplyBuffer::wanted_behind(std::uint64_t kept) const {
  const std::uint64_t came_to = closed_ - kept;
  const std::uint64_t piece = refused_at_ - closed_;
  const std::uint64_t all = came_to + piece;
  return all + (piece >= came_to ? 2 * ChunkPool::kChunkBytes : all / 4);
}

void ReplyBuffer::expect(std::uint64_t bytes) {
  if (is_dropping() || bytes <= ChunkPool::kRoom) return;
  if (!may_hold(bytes)) {
    drop(bytes, Refusal::own);
  } else if (!pool_->allows(*this, bytes)) {
    drop(bytes, Refusal::pool);
  }
}

void ReplyBuffer::take_as_tail(Chunk* chunk) {
  tail_ = chunk;
  unsent_ = chunk->data() + chunk->begin;
  write_ = chunk->data() + chunk->end;
  limit_ = chunk->shared == nullptr ? chunk->data() + chunk->capacity : write_;
}

void ReplyBuffer::keep_first(std::uint64_t bytes) {
  if (bytes == 0) return clear();
  if (!is_dropping()) {
    settle_tail();
    closed_ += tail_->end - tail_->begin;
  }
  LARDER_ASSERT(bytes <= closed_);
  Chunk* last = head_;
  std::uint64_t before = 0;
  while (before + (last->end - last->begin) < bytes) {
    before += last->end - last->begin;
    last = last->next;
  }
  last->end = last->begin + static_cast<std::size_t>(bytes - before);
  closed_ = before;
  for (Chunk* chunk = std::exchange(last->next, nullptr); chunk != nullptr;) {
    Chunk* const next = chunk->next;
    release(chunk);
    chunk = next;
  }
  take_as_tail(last);
  stop_dropping();
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
  char* const place = start_chunk(rest.size());
  if (is_dropping()) return;
  populate(place, rest.size());
  std::memcpy(place, rest.data(), rest.size());
  commit(rest.size());
}

void ReplyBuffer::take_over(ReplyBuffer& other) {
  LARDER_ASSERT(pool_ == other.pool_ && this != &other);
  if (!is_dropping() && other.is_dropping()) {
    drop(other.refused_at_, other.refusal_);
  } else if (!is_dropping() && !may_hold(other.held_ + other.shared_)) {
    drop(other.held_ + other.shared_, Refusal::own);
  }
  if (is_dropping()) return other.clear();
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
  if (is_dropping()) return 0;
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

void ReplyBuffer::copy(char* out) const {
  LARDER_ASSERT(!is_dropping());
  for (const Chunk* chunk = head_; chunk != tail_; chunk = chunk->next) {
    const std::size_t bytes = chunk->end - chunk->begin;
    if (bytes != 0) std::memcpy(out, chunk->data() + chunk->begin, bytes);
    out += bytes;
  }
  if (write_ != unsent_) std::memcpy(out, unsent_, static_cast<std::size_t>(write_ - unsent_));
}

[[gnu::always_inline]] inline void ReplyBuffer::release(Chunk* chunk) {
  --chunks_;
  held_ -= sizeof(Chunk) + chunk->capacity;
  if (chunk->shared != nullptr) shared_ -= chunk->shared->held_bytes();
  pool_->give(chunk);
}

// Frees the first chunk, whose bytes are no longer counted in closed_.
[[gnu::always_inline]] inline void ReplyBuffer::drop_head() {
  Chunk* chunk = head_;
  head_ = chunk->next;
  if (head_ == nullptr) forget_tail();
  release(chunk);
}

void ReplyBuffer::consume(std::uint64_t bytes) {
  LARDER_ASSERT(bytes <= size() && !is_dropping());
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
  if (is_dropping()) stop_dropping();
}

void ReplyBuffer::stop_dropping() {
  if (head_ == nullptr) forget_tail();
  refused_at_ = 0;
  most_ = kNoBound;
}

ReplyBuffer::Patch ReplyBuffer::open_patch() {
  const char* place = reserve(kPatchRoom);
  if (is_dropping()) return {};
  const Patch patch{tail_, static_cast<std::size_t>(place - tail_->data())};
  commit(kPatchRoom);
  return patch;
}

void ReplyBuffer::close_patch(const Patch& patch, std::string_view text) {
  LARDER_ASSERT(text.size() <= kPatchRoom);
  if (patch.chunk == nullptr) return;
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
