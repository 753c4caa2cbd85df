#pragma once

// A text that is empty in most objects: takes a pointer, and a block only if it is not empty.

#include <cstddef>
#include <cstring>
#include <string_view>

#include "larder/memory/heap.h"

namespace larder::memory {

template <Owner kOwner>
class Text {
 public:
  Text() = default;
  ~Text() { clear(); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  operator std::string_view() const {
    return block_ == nullptr ? std::string_view{} : std::string_view(block_->bytes(), block_->size);
  }
  bool empty() const { return block_ == nullptr; }

  // `text` may be part of this one.
  void assign(std::string_view text) {
    Block* block = nullptr;
    if (!text.empty()) {
      block = new (allocate(kOwner, sizeof(Block) + text.size())) Block{text.size()};
      std::memcpy(block->bytes(), text.data(), text.size());
    }
    clear();
    block_ = block;
  }
  void clear() {
    if (block_ != nullptr) release(kOwner, block_, sizeof(Block) + block_->size);
    block_ = nullptr;
  }

  // What the block takes, at the allocator's sizes.
  std::size_t held_bytes() const {
    return block_ == nullptr ? 0 : size_class(sizeof(Block) + block_->size);
  }

 private:
  struct Block {
    std::size_t size;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
  };

  Block* block_ = nullptr;
};

}  // namespace larder::memory
