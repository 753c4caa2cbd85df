#pragma once

// The other shape that was measured against types::Table: classic linear hashing (Litwin
// 1980) over the same cache-line buckets, overflow in chained buckets, one bucket split at a
// time. Bits 16 to 39 of the hash are kept in the slot and the tag, so that from 65,536
// buckets on a split reads no element. Bits of the hash below that choose the bucket.

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "larder/base/rng.h"
#include "larder/memory/heap.h"
#include "larder/types/table_bucket.h"

namespace larder::types::bench {

template <typename Traits>
class ChainedTable {
 public:
  using Element = typename Traits::Element;

  // A bucket is split for every `kPerBucket` / 10 elements.
  static constexpr std::uint64_t kPerBucketTenths = 62;

  ChainedTable() { add_page(); }
  ChainedTable(const ChainedTable&) = delete;
  ChainedTable& operator=(const ChainedTable&) = delete;
  ~ChainedTable() {
    for (std::uint64_t i = 0; i < buckets_; ++i) free_chain(main(i));
    while (!pages_.empty()) drop_page();
  }

  std::uint64_t size() const { return size_; }
  std::uint64_t bytes() const { return bytes_ + pages_.capacity() * sizeof(Bucket*); }
  std::uint64_t slots() const { return (buckets_ + overflows_) * detail::kBucketSlots; }
  std::uint64_t moved_slots() const { return moved_; }

  void prefetch(std::uint64_t hash) const { __builtin_prefetch(main(index_of(hash))); }
  const Element* prefetch_candidate(std::uint64_t hash) const {
    const Element* candidate = search(hash, [](const Element&) { return true; }).element();
    if (candidate != nullptr) __builtin_prefetch(candidate);
    return candidate;
  }
  Element* find(std::string_view key, std::uint64_t hash) const {
    return search(hash, [key](const Element& e) { return Traits::key(e) == key; }).element();
  }

  void insert(Element* element, std::uint64_t hash) {
    place(index_of(hash), detail::pack(element, stored_bits(hash)), tag_of(hash));
    ++size_;
    if (size_ * 10 > buckets_ * kPerBucketTenths) split();
  }

  Element* erase(std::string_view key, std::uint64_t hash) {
    const Found found = search(hash, [key](const Element& e) { return Traits::key(e) == key; });
    if (found.bucket == nullptr) return nullptr;
    Element* element = found.element();
    found.bucket->slots[found.slot] = 0;
    --size_;
    if (buckets_ > 1 && size_ * 10 < buckets_ * kPerBucketTenths * 8 / 10) merge();
    return element;
  }

  // The cursor counts in reversed binary, so that split buckets follow one another.
  template <typename Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn fn) const {
    const std::uint64_t index = index_of(cursor);
    for (const Bucket* b = main(index); b != nullptr; b = child(b)) {
      for (unsigned i = 0; i < used_slots(b); ++i) {
        if (b->slots[i] != 0) fn(element_of(b->slots[i]));
      }
    }
    const std::uint64_t low = std::uint64_t{1} << level_;
    const bool is_split = (index & (low - 1)) < buckets_ - low;
    const std::uint64_t mask = is_split ? 2 * low - 1 : low - 1;
    return reversed(reversed(cursor | ~mask) + 1);
  }

  Element* random(base::Rng& rng) const {
    if (size_ == 0) return nullptr;
    for (;;) {
      std::uint64_t slot = rng.below(longest_ * detail::kBucketSlots);
      const Bucket* b = main(rng.below(buckets_));
      for (; b != nullptr && slot >= detail::kBucketSlots; slot -= detail::kBucketSlots) {
        b = child(b);
      }
      if (b == nullptr || slot >= used_slots(b) || b->slots[slot] == 0) continue;
      return element_of(b->slots[slot]);
    }
  }

 private:
  using Bucket = detail::Bucket;
  static constexpr std::uint64_t kPageBuckets = 512;

  struct Found {
    Bucket* bucket = nullptr;
    unsigned slot = 0;
    Element* element() const {
      return bucket == nullptr ? nullptr : element_of(bucket->slots[slot]);
    }
  };

  static std::uint64_t stored_bits(std::uint64_t hash) { return (hash >> 16) & 0xffff; }
  static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 32); }
  static Element* element_of(std::uint64_t slot) {
    return static_cast<Element*>(detail::pointer_of(slot));
  }
  // A bucket with a child, marked in its last byte, keeps the child's address in slot 6.
  static Bucket* child(const Bucket* b) {
    return b->passed == 0 ? nullptr : static_cast<Bucket*>(detail::pointer_of(b->slots[6]));
  }
  static unsigned used_slots(const Bucket* b) { return b->passed == 0 ? 7 : 6; }
  static std::uint64_t reversed(std::uint64_t x) {
    x = ((x >> 1) & 0x5555555555555555) | ((x & 0x5555555555555555) << 1);
    x = ((x >> 2) & 0x3333333333333333) | ((x & 0x3333333333333333) << 2);
    x = ((x >> 4) & 0x0f0f0f0f0f0f0f0f) | ((x & 0x0f0f0f0f0f0f0f0f) << 4);
    return __builtin_bswap64(x);
  }

  Bucket* main(std::uint64_t index) const {
    return pages_[index / kPageBuckets] + index % kPageBuckets;
  }
  std::uint64_t index_of(std::uint64_t hash) const {
    const std::uint64_t index = hash & ((std::uint64_t{2} << level_) - 1);
    return index < buckets_ ? index : index & ((std::uint64_t{1} << level_) - 1);
  }

  template <typename Matches>
  Found search(std::uint64_t hash, Matches matches) const {
    const std::uint64_t bits = stored_bits(hash);
    for (Bucket* b = main(index_of(hash)); b != nullptr; b = child(b)) {
      unsigned hits = b->with_tag(tag_of(hash)) & ((1U << used_slots(b)) - 1);
      for (; hits != 0; hits &= hits - 1) {
        const auto i = static_cast<unsigned>(std::countr_zero(hits));
        if (b->slots[i] >> 48 != bits || b->slots[i] == 0) continue;
        if (matches(*element_of(b->slots[i]))) return {b, i};
      }
    }
    return {};
  }

  void place(std::uint64_t index, std::uint64_t slot, std::uint8_t tag) {
    Bucket* b = main(index);
    for (std::uint64_t length = 1;; ++length) {
      const unsigned free = ~b->occupied() & ((1U << used_slots(b)) - 1);
      if (free != 0) {
        const auto i = static_cast<unsigned>(std::countr_zero(free));
        b->slots[i] = slot;
        b->tags[i] = tag;
        return;
      }
      if (b->passed == 0) {
        add_child(b);
        longest_ = std::max(longest_, length + 1);
      }
      b = child(b);
    }
  }

  void add_child(Bucket* b) {
    auto* added = static_cast<Bucket*>(
        memory::allocate_aligned(Traits::kOwner, sizeof(Bucket), alignof(Bucket)));
    std::memset(static_cast<void*>(added), 0, sizeof(Bucket));
    added->slots[0] = b->slots[6];
    added->tags[0] = b->tags[6];
    b->slots[6] = detail::pack(added, 0);
    b->passed = 1;
    bytes_ += sizeof(Bucket);
    ++overflows_;
  }
  void free_chain(Bucket* b) {
    for (Bucket* next = child(b); next != nullptr;) {
      Bucket* gone = next;
      next = child(gone);
      memory::release_aligned(Traits::kOwner, gone, sizeof(Bucket), alignof(Bucket));
      bytes_ -= sizeof(Bucket);
      --overflows_;
    }
    std::memset(static_cast<void*>(b), 0, sizeof(Bucket));
  }
  void add_page() {
    const std::size_t bytes = kPageBuckets * sizeof(Bucket);
    void* page = memory::allocate_aligned(Traits::kOwner, bytes, alignof(Bucket));
    std::memset(page, 0, bytes);
    pages_.push_back(static_cast<Bucket*>(page));
    bytes_ += bytes;
  }
  void drop_page() {
    const std::size_t bytes = kPageBuckets * sizeof(Bucket);
    memory::release_aligned(Traits::kOwner, pages_.back(), bytes, alignof(Bucket));
    pages_.pop_back();
    bytes_ -= bytes;
  }

  // Takes all entries out of a bucket and its chain.
  void gather(std::uint64_t index) {
    for (Bucket* b = main(index); b != nullptr; b = child(b)) {
      for (unsigned i = 0; i < used_slots(b); ++i) {
        if (b->slots[i] != 0) waiting_.push_back({b->slots[i], b->tags[i]});
      }
    }
    free_chain(main(index));
  }
  // Bit `level` of the hash, from the slot where it is kept there.
  static bool bit_at(std::uint64_t slot, std::uint8_t tag, unsigned level) {
    if (level >= 32) return (tag >> (level - 32)) & 1;
    if (level >= 16) return (slot >> 48 >> (level - 16)) & 1;
    return (Traits::hash(*element_of(slot)) >> level) & 1;
  }
  void split() {
    const std::uint64_t low = std::uint64_t{1} << level_;
    const std::uint64_t from = buckets_ - low;
    if (buckets_ % kPageBuckets == 0) add_page();
    const std::uint64_t to = buckets_++;
    gather(from);
    for (const auto& [slot, tag] : waiting_) {
      place(bit_at(slot, tag, level_) ? to : from, slot, tag);
    }
    moved_ += waiting_.size();
    waiting_.clear();
    if (buckets_ == 2 * low) ++level_;
  }
  void merge() {
    if (buckets_ == std::uint64_t{1} << level_) --level_;
    const std::uint64_t from = --buckets_;
    gather(from);
    for (const auto& [slot, tag] : waiting_) {
      place(from - (std::uint64_t{1} << level_), slot, tag);
    }
    moved_ += waiting_.size();
    waiting_.clear();
    if (buckets_ % kPageBuckets == 0) drop_page();
  }

  struct Waiting {
    std::uint64_t slot;
    std::uint8_t tag;
  };
  std::vector<Bucket*> pages_;
  std::vector<Waiting> waiting_;
  std::uint64_t buckets_ = 1;
  std::uint64_t overflows_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t moved_ = 0;
  std::uint64_t longest_ = 1;
  unsigned level_ = 0;
};

}  // namespace larder::types::bench
