#include "larder/resp/request.h"

#include <algorithm>
#include <memory>

#include "larder/memory/heap.h"

namespace larder::resp {
namespace {

constexpr auto kOwner = memory::Owner::client_input;
constexpr std::size_t kFirstArgs = 64;
constexpr std::size_t kBlockRoom = 4096;

}  // namespace

struct Batch::Block {
  Block* next;
  std::size_t capacity;
  std::size_t used;

  char* data() { return reinterpret_cast<char*>(this + 1); }
};

Batch::~Batch() {
  if (args_ != nullptr) memory::release(kOwner, args_, arg_capacity_ * sizeof(*args_));
  release_blocks(nullptr);
}

std::size_t Batch::held_bytes() const {
  std::size_t bytes = args_ == nullptr ? 0 : memory::size_class(arg_capacity_ * sizeof(*args_));
  for (const Block* block = blocks_; block != nullptr; block = block->next) {
    bytes += memory::size_class(sizeof(Block) + block->capacity);
  }
  return bytes;
}

void Batch::clear() {
  size_ = 0;
  arg_count_ = 0;
  if (arg_capacity_ > kKeptArgs) {
    memory::release(kOwner, args_, arg_capacity_ * sizeof(*args_));
    args_ = nullptr;
    arg_capacity_ = 0;
  }
  if (blocks_ != nullptr) {
    Block* kept = blocks_->capacity == kBlockRoom ? blocks_ : nullptr;
    release_blocks(kept);
    if (kept != nullptr) kept->used = 0;
  }
}

void Batch::grow(std::size_t count) {
  const std::size_t wanted =
      std::max({arg_count_ + count, arg_capacity_ + arg_capacity_ / 2, kFirstArgs});
  const std::size_t bytes = memory::size_class(wanted * sizeof(*args_));
  auto* grown = static_cast<std::string_view*>(memory::allocate(kOwner, bytes));
  std::uninitialized_copy_n(args_, arg_count_, grown);
  std::size_t first = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    const std::size_t own = requests_[i].args.size();
    requests_[i].args = Args{grown + first, own};
    first += own;
  }
  if (args_ != nullptr) memory::release(kOwner, args_, arg_capacity_ * sizeof(*args_));
  args_ = grown;
  arg_capacity_ = bytes / sizeof(*args_);
}

char* Batch::text_room(std::size_t bytes) {
  if (blocks_ == nullptr || blocks_->capacity - blocks_->used < bytes) {
    const std::size_t capacity = std::max(bytes, kBlockRoom);
    auto* block = static_cast<Block*>(memory::allocate(kOwner, sizeof(Block) + capacity));
    *block = Block{.next = blocks_, .capacity = capacity, .used = 0};
    blocks_ = block;
  }
  char* room = blocks_->data() + blocks_->used;
  blocks_->used += bytes;
  return room;
}

// Releases all blocks but `kept`, which is the newest or null.
void Batch::release_blocks(Block* kept) {
  Block* block = kept != nullptr ? kept->next : blocks_;
  while (block != nullptr) {
    Block* next = block->next;
    memory::release(kOwner, block, sizeof(Block) + block->capacity);
    block = next;
  }
  if (kept != nullptr) kept->next = nullptr;
  blocks_ = kept;
}

}  // namespace larder::resp
