#pragma once

// A text that many reply buffers send without a copy: a message to ten thousand subscribers is
// written once. It has a reference count, which one thread uses.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/memory/audit.h"
#include "larder/memory/ledger.h"

namespace larder::resp {

class SharedTexts;

// Its bytes follow it in the same block.
class SharedText {
 public:
  std::string_view text() const { return {bytes(), size_}; }
  // Its size, including the text.
  std::size_t held_bytes() const { return sizeof(SharedText) + size_; }
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  void hold() { ++holders_; }
  // The release of the last reference frees it.
  void release() noexcept;

 private:
  friend class SharedTexts;
  SharedTexts* home_;
  SharedText* previous_;
  SharedText* next_;
  std::size_t size_;
  std::uint64_t holders_;
};

// The texts in use, charged to one owner. Outlives the buffers that send them.
class SharedTexts final : public memory::AuditedOwner {
 public:
  explicit SharedTexts(memory::Owner owner) : owner_(owner) {}
  ~SharedTexts() override;
  SharedTexts(const SharedTexts&) = delete;
  SharedTexts& operator=(const SharedTexts&) = delete;

  // A text of `bytes` bytes, still to be written, held by the caller. Cost: one allocation.
  SharedText& make(std::size_t bytes);

  std::size_t bytes() const { return bytes_; }
  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class SharedText;
  void free(SharedText& text) noexcept;

  memory::Owner owner_;
  SharedText* first_ = nullptr;
  std::size_t bytes_ = 0;  // at the allocator's sizes
};

}  // namespace larder::resp
