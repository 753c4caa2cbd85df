#pragma once

// The hash table below its element type: where entries stand, how it grows and shrinks.
// Part of table.h, which explains the layout; nothing else includes it.

#include <array>
#include <cstddef>
#include <cstdint>

#include "larder/base/rng.h"
#include "larder/memory/heap.h"
#include "larder/types/table_bucket.h"

namespace larder::types {

// The shape of a table, for DEBUG HTSTATS. Collecting it walks every bucket.
struct TableStats {
  static constexpr std::size_t kDistances = 16;
  std::uint64_t size = 0;
  std::uint64_t slots = 0;
  std::uint64_t buckets = 0;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  // Entries by how many buckets after their home they stand; the last counts all beyond.
  std::array<std::uint64_t, kDistances> at_distance{};
  std::uint64_t longest_distance = 0;
  // Buckets that at least one entry passed over.
  std::uint64_t overflowed_buckets = 0;
};

namespace detail {

// What the core must know about the elements: who pays, and how to read their hashes.
struct ElementPlan {
  memory::Owner owner;
  // Rewrites the high 16 bits of `count` slots to bits [depth, depth + 16) of the hashes.
  void (*reseat)(std::uint64_t* slots, std::size_t count, unsigned depth);
};

// Where a hash belongs: a segment, its home bucket there and the 16 bits that say so.
struct Place {
  std::uint64_t* segment;
  std::uint32_t buckets;
  std::uint32_t home;
  std::uint32_t bits;
  std::uint32_t depth;
};

// Where an entry stands.
struct Spot {
  Bucket* bucket = nullptr;
  unsigned slot = 0;
  explicit operator bool() const { return bucket != nullptr; }
};

class Scratch;

class TableCore {
 public:
  TableCore() { become_empty(); }
  TableCore(TableCore&& other) noexcept { take(other); }
  TableCore(const TableCore&) = delete;
  TableCore& operator=(const TableCore&) = delete;
  ~TableCore() = default;

  // Releases all buckets, then takes over those of `other`.
  void assign(const ElementPlan& plan, TableCore& other) {
    release_all(plan);
    take(other);
  }

  // A segment is an array of words: its size and bucket count, then one block for each 8
  // buckets. The directory repeats the bucket count beside the segment's address, so that a
  // lookup reads one word of the directory, one of the segment, and the bucket.
  static std::uint32_t segment_size(const std::uint64_t* segment) {
    return static_cast<std::uint32_t>(segment[0]);
  }
  static std::uint64_t* segment_of(std::uint64_t entry) {
    return static_cast<std::uint64_t*>(pointer_of(entry));
  }
  static std::uint32_t buckets_of(std::uint64_t entry) {
    return static_cast<std::uint32_t>(entry >> 48);
  }
  static Bucket* bucket_at(const std::uint64_t* segment, std::uint32_t index) {
    return reinterpret_cast<Bucket*>(segment[1 + index / kBlockBuckets]) + index % kBlockBuckets;
  }

  Place place(std::uint64_t hash) const {
    std::uint32_t depth = depth_;
    const std::uint64_t index = (hash >> 1) >> (63 - depth);
    std::uint64_t entry;
    if (__builtin_expect(index < split_, 0)) {
      ++depth;
      entry = halves_[(hash >> 1) >> (63 - depth)];
    } else {
      entry = directory_[index];
    }
    const auto bits = static_cast<std::uint32_t>((hash << depth) >> 48);
    const std::uint32_t buckets = buckets_of(entry);
    return {segment_of(entry), buckets, (bits * buckets) >> 16, bits, depth};
  }

  // Calls visit(bucket) on the home bucket and those that its entries may have overflowed
  // to, until it returns true. Returns whether it did.
  template <typename Visit>
  static bool walk(const Place& at, Visit visit) {
    std::uint32_t index = at.home;
    for (std::uint32_t seen = 0; seen < at.buckets; ++seen) {
      Bucket* bucket = bucket_at(at.segment, index);
      if (visit(bucket)) return true;
      if (bucket->passed == 0) return false;
      if (++index == at.buckets) index = 0;
    }
    return false;
  }

  // The start of the hash range of the whole segment that a position lies in.
  static std::uint64_t segment_start(const Place& at, std::uint64_t position) {
    return position & ~(~std::uint64_t{0} >> at.depth);
  }
  // The start of the hash range of the bucket after `at.home`; 0 after the last of all.
  static std::uint64_t next_position(const Place& at, std::uint64_t position) {
    return segment_start(at, position) + (first_bits(at.home + 1, at.buckets) << (48 - at.depth));
  }
  // The least 16 bits whose home is `bucket` among `buckets`.
  static std::uint64_t first_bits(std::uint64_t bucket, std::uint64_t buckets) {
    return ((bucket << 16) + buckets - 1) / buckets;
  }

  Spot find_pointer(const void* element, std::uint64_t hash) const;
  void add(const ElementPlan& plan, const void* element, std::uint64_t hash, std::uint8_t tag);
  // Takes out the entry that stands at `spot`; at most one step of shrinking follows.
  void remove(const ElementPlan& plan, Spot spot, std::uint64_t hash) {
    take_out(spot, place(hash));
    if (wants_less()) shrink(plan);
  }
  // The same for an entry whose hash is known only by the 16 bits in its slot, in the
  // segment of `at`, and without shrinking.
  void remove_from_segment(Spot spot, Place at);
  bool wants_less() const { return size_ * 10 < slots_ * 7; }
  void shrink(const ElementPlan& plan);
  // The same while a walk in hash order stands at `position`. Returns where it goes on: entries
  // that stand behind their home may have moved to the part it has seen, so it sees a segment
  // that was reshaped under it from the start again.
  std::uint64_t shrink_under(const ElementPlan& plan, std::uint64_t position);

  // A bucket of the table, each with the same probability. Null when there is none.
  Bucket* random_bucket(base::Rng& rng) const;

  std::uint64_t segments() const { return (std::uint64_t{1} << depth_) + split_; }
  std::uint64_t& segment_entry(std::uint64_t number) const {
    return number < 2 * split_ ? halves_[number] : directory_[number - split_];
  }

  // Takes the last bucket block out of a table that is being taken apart and calls
  // fn(pointer) on what stood there. False when the table was empty and has become so
  // properly. Between the first call and the last nothing else may be asked of the table.
  template <typename Fn>
  bool take_apart(const ElementPlan& plan, Fn fn) {
    if (slots_ == 0) return false;
    std::uint64_t* segment = segment_of(segment_entry(segments() - 1 - taken_apart_));
    const std::uint32_t first = last_block(segment) * kBlockBuckets;
    for (std::uint32_t i = first; i < segment[0] >> 32; ++i) {
      for (std::uint64_t& slot : bucket_at(segment, i)->slots) {
        if (slot == 0) continue;
        --size_;
        fn(pointer_of(slot));
      }
    }
    drop_last_block(plan, segment);
    return true;
  }

  TableStats stats() const;
  void release_all(const ElementPlan& plan);

  std::uint64_t size() const { return size_; }
  std::uint64_t slots() const { return slots_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t moved() const { return moved_; }

 private:
  static std::uint32_t last_block(const std::uint64_t* segment) {
    return static_cast<std::uint32_t>((segment[0] >> 32) - 1) / kBlockBuckets;
  }

  void become_empty();
  void take(TableCore& other);
  void take_out(Spot spot, const Place& at);
  void grow(const ElementPlan& plan);
  void begin_split(const ElementPlan& plan);
  void split_next(const ElementPlan& plan);
  void begin_merge(const ElementPlan& plan);
  void merge_last(const ElementPlan& plan);
  void resize(const ElementPlan& plan, std::uint64_t& entry, std::uint32_t buckets);
  void widen(const ElementPlan& plan, std::uint64_t hash);
  std::uint64_t& entry_for(std::uint64_t hash);

  std::uint64_t build(const ElementPlan& plan, std::uint32_t buckets);
  void rebuild(const ElementPlan& plan, std::uint64_t& entry, std::uint32_t buckets);
  void destroy(const ElementPlan& plan, std::uint64_t entry);
  void drop_last_block(const ElementPlan& plan, std::uint64_t* segment);
  void fill(std::uint64_t entry, Scratch& scratch);
  Bucket* new_block(const ElementPlan& plan, std::uint32_t buckets);
  void release_block(const ElementPlan& plan, Bucket* block, std::uint32_t buckets);
  std::uint64_t* new_header(const ElementPlan& plan, std::uint32_t buckets);
  void release_header(const ElementPlan& plan, std::uint64_t* header, std::uint32_t buckets);
  std::uint64_t* new_directory(const ElementPlan& plan, std::uint64_t entries);
  void release_directory(const ElementPlan& plan, std::uint64_t* entries, std::uint64_t count);

  // 1 << depth_ segments in hash order. While the table doubles or halves, those below
  // split_ stand as two halves each in halves_ instead, one level deeper.
  std::uint64_t* directory_;
  std::uint64_t* halves_;
  std::uint64_t split_;
  // Segments below swept_ have been brought to one growth step above width_ buckets.
  std::uint64_t swept_;
  std::uint64_t size_;
  std::uint64_t slots_;
  std::uint64_t bytes_;
  std::uint64_t moved_;
  // The directory of a table of one segment, and the header of a segment of one block, so
  // that a small table is one allocation.
  std::uint64_t only_;
  std::uint64_t small_[2];
  std::uint32_t width_;
  // No segment has more buckets than this.
  std::uint32_t widest_;
  std::uint32_t taken_apart_;
  std::uint32_t depth_;
};

}  // namespace detail
}  // namespace larder::types
