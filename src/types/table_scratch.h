#pragma once

// A temporary buffer for the entries of a segment while its buckets are rebuilt.

#include <cstdint>
#include <cstring>

#include "larder/memory/heap.h"
#include "larder/types/table_segment.h"

namespace larder::types::detail {

// Room for an ordinary segment on the stack; a segment that many equal hashes have enlarged
// takes a block for the time.
class Scratch {
 public:
  // For `entries`, and one more that gather() may write over.
  Scratch(memory::Owner owner, std::size_t entries) : owner_(owner), capacity_(entries + 1) {
    if (capacity_ <= kUsual) return;
    const std::size_t bytes = capacity_ * sizeof(std::uint64_t);
    slots_ = static_cast<std::uint64_t*>(memory::allocate(owner, bytes));
    tags_ = static_cast<std::uint8_t*>(memory::allocate(owner, capacity_));
  }
  ~Scratch() {
    if (capacity_ <= kUsual) return;
    memory::release(owner_, slots_, capacity_ * sizeof(std::uint64_t));
    memory::release(owner_, tags_, capacity_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // Appends the entries of a segment for which `wants(slot)` is true, converted by `change(slot)`.
  template <typename Wants, typename Change>
  void gather(std::uint64_t leaf, Wants wants, Change change) {
    const Segment& segment = *segment_of(leaf);
    const std::uint32_t buckets = segment.buckets;
    for (std::uint32_t i = 0; i < buckets; ++i) {
      if (i + kBlockBuckets < buckets) {
        __builtin_prefetch(segment.bucket(i + kBlockBuckets));
      }
      const Bucket& bucket = *segment.bucket(i);
      for (unsigned k = 0; k < kBucketSlots; ++k) {
        // Each slot is written, and kept if the count advances: a branch could not be predicted.
        const std::uint64_t slot = bucket.slots[k];
        slots_[size_] = change(slot);
        tags_[size_] = bucket.tags[k];
        size_ += std::size_t{slot != 0} & std::size_t{wants(slot)};
      }
    }
  }

  std::uint64_t* slots() { return slots_; }
  const std::uint8_t* tags() const { return tags_; }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kUsual = 1024;
  memory::Owner owner_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::uint64_t usual_slots_[kUsual];
  std::uint8_t usual_tags_[kUsual];
  std::uint64_t* slots_ = usual_slots_;
  std::uint8_t* tags_ = usual_tags_;
};

}  // namespace larder::types::detail
