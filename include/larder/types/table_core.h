#pragma once

// The hash table without its element type: positions of entries, growing and shrinking.
// Part of table.h, which explains the layout; nothing else includes it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "larder/base/prefetch.h"
#include "larder/base/rng.h"
#include "larder/memory/ledger.h"
#include "larder/types/table_directory.h"
#include "larder/types/table_roster.h"

namespace larder::types {

// The shape of a table, for DEBUG HTSTATS. Collecting it walks every bucket.
struct TableStats {
  static constexpr std::size_t kDistances = 16;
  std::uint64_t size = 0;
  std::uint64_t slots = 0;
  std::uint64_t buckets = 0;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  // Entries by their distance in buckets from their home; the last counts all larger ones.
  std::array<std::uint64_t, kDistances> at_distance{};
  std::uint64_t longest_distance = 0;
  // Buckets that at least one entry passed over.
  std::uint64_t overflowed_buckets = 0;
};

namespace detail {

// A position is (hash xor salt) times this odd number.
inline constexpr std::uint64_t kPositionFactor = 0x9e3779b97f4a7c15;

// What the core needs for its elements: the owner of their memory, and how to read their hashes.
struct ElementPlan {
  memory::Owner owner;
  // Rewrites the high 16 bits of `count` slots to bits [depth, depth + 16) of the elements'
  // positions.
  void (*read_hashes)(std::uint64_t* slots, std::size_t count, std::uint64_t salt, unsigned depth);
};

// The place of a position: a segment, the home bucket in it, and the 16 bits for it.
struct Place {
  Segment* segment;
  std::uint32_t buckets;
  std::uint32_t home;
  std::uint32_t bits;
  std::uint32_t depth;
};

// The position of an entry.
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

  // The salt of this table's positions, for tables with their own order.
  std::uint64_t salt() const { return salt_; }
  void draw_salt();
  void take_salt(const TableCore& other) { salt_ = other.salt_; }

  Place locate(std::uint64_t position) const {
    const std::uint64_t leaf = directory_.find(position);
    const auto depth = depth_of(leaf);
    const auto bits = static_cast<std::uint32_t>((position << depth) >> 48);
    const std::uint32_t buckets = buckets_of(leaf);
    return {segment_of(leaf), buckets, (bits * buckets) >> 16, bits, depth};
  }

  // Calls visit(bucket) on the home bucket and those that its entries may have overflowed
  // to, until it returns true. Returns whether it did.
  template <typename Visit>
  static bool walk(const Place& at, Visit visit) {
    std::uint32_t index = at.home;
    for (std::uint32_t seen = 0; seen < at.buckets; ++seen) {
      Bucket* bucket = at.segment->bucket(index);
      if (visit(bucket)) return true;
      if (bucket->passed == 0) return false;
      if (++index == at.buckets) index = 0;
    }
    return false;
  }

  // The first position of the whole segment that a position lies in.
  static std::uint64_t segment_start(const Place& at, std::uint64_t position) {
    return position & ~(~std::uint64_t{0} >> at.depth);
  }
  // The first position of the bucket after `at.home`; 0 after the last of all. The low
  // 48 - kDeepest bits are zero.
  static std::uint64_t next_position(const Place& at, std::uint64_t position) {
    return segment_start(at, position) + (first_bits(at.home + 1, at.buckets) << (48 - at.depth));
  }
  // The first position of the segment after the one that a position lies in; 0 after the last.
  static std::uint64_t segment_end(const Place& at, std::uint64_t position) {
    return (position | (~std::uint64_t{0} >> at.depth)) + 1;
  }
  // The least 16 bits whose home is `bucket` among `buckets`.
  static std::uint64_t first_bits(std::uint64_t bucket, std::uint64_t buckets) {
    return ((bucket << 16) + buckets - 1) / buckets;
  }

  Spot find_pointer(const void* element, std::uint64_t position) const;
  void add(const ElementPlan& plan, const void* element, std::uint64_t position, std::uint8_t tag) {
    add(plan, element, locate(position), position, tag);
  }
  // The same; `at` is the place of the position.
  void add(const ElementPlan& plan, const void* element, Place at, std::uint64_t position,
           std::uint8_t tag);
  // Removes the entry at `spot`; at most one step of shrinking follows.
  void remove(const ElementPlan& plan, Spot spot, std::uint64_t position) {
    const Place at = locate(position);
    take_out(spot, at);
    if (can_shrink(at)) shrink(plan, position);
  }
  // The same for an entry whose position is known only by the 16 bits in its slot, in the
  // segment of `at`, and without shrinking.
  void remove_from_segment(Spot spot, Place at);
  // Whether a step of shrinking can make the segment smaller.
  static bool can_shrink(const Place& at) {
    return std::uint32_t{at.segment->size} * 10 < at.buckets * kBucketSlots * 7;
  }
  // A step of shrinking for the segment at `shrunk` during a walk in the order of positions that is
  // at `next`. Returns where the walk continues: entries after their home bucket may have moved to
  // the visited part, so the walk visits a reshaped segment again from its start.
  std::uint64_t shrink_under(const ElementPlan& plan, std::uint64_t shrunk, std::uint64_t next);

  // Prepares an empty table for this many elements: each segment is created with its final depth
  // and width when its first element is added. Allocates no memory itself.
  void reserve(std::uint64_t elements) { reserved_ = elements; }

  // A bucket of the table, each with the same probability. Null when there is none.
  Bucket* random_bucket(base::Rng& rng) const;

  // Calls fn(segment) on all segments that have buckets.
  template <typename Fn>
  void for_each_segment(Fn fn) const {
    if (directory_.is_single() && slots_ != 0) fn(*segment_of(directory_.root()));
    for (std::uint32_t i = 0; i < roster_.size(); ++i) fn(*roster_[i]);
  }

  // Removes the last bucket block of a table that is being freed and calls fn(pointer) for its
  // entries, which are fetched into the cache all at once before. Returns false if there was none;
  // the table is then empty and usable. Between the first call and the last no other function of
  // the table may be called.
  template <typename Fn>
  bool free_in_steps(const ElementPlan& plan, Fn fn) {
    if (slots_ == 0) return free_directory_in_steps(plan);
    Segment* segment = directory_.is_single() ? segment_of(directory_.root()) : roster_.last();
    const std::uint32_t last = (segment->buckets - 1U) / kBlockBuckets;
    std::array<void*, std::size_t{kBlockBuckets} * kBucketSlots> entries;
    std::size_t count = 0;
    for (std::uint32_t i = last * kBlockBuckets; i < segment->buckets; ++i) {
      for (const std::uint64_t slot : segment->bucket(i)->slots) {
        if (slot == 0) continue;
        entries[count] = pointer_of(slot);
        base::prefetch(entries[count++]);
      }
    }
    size_ -= count;
    for (void* entry : std::span(entries).first(count)) fn(entry);
    drop_last_block(plan, segment);
    return true;
  }

  // Offers the blocks of the segment at `position` to the mover, and those of the directory and of
  // the roster that begin with it. Returns where the segment is then.
  Place relocate_blocks(memory::Owner owner, std::uint64_t position, memory::Mover& mover);
  // The bytes of this object have been copied from another address, which it left.
  void relocated();

  TableStats stats() const;
  void release_all(const ElementPlan& plan);

  std::uint64_t size() const { return size_; }
  std::uint64_t slots() const { return slots_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t moved() const { return moved_; }

 private:
  Account account(const ElementPlan& plan) { return {plan.owner, bytes_}; }
  Segment* small() { return &small_.head; }

  void become_empty();
  void take(TableCore& other);
  void take_out(Spot spot, const Place& at);
  void shrink(const ElementPlan& plan, std::uint64_t position);

  void grow(const ElementPlan& plan, std::uint64_t position);
  void create_segment(const ElementPlan& plan, std::uint64_t position);
  void split(const ElementPlan& plan, std::uint64_t position);
  bool merge(const ElementPlan& plan, std::uint64_t position);
  void merge_empty(const ElementPlan& plan, std::uint64_t position);
  void resize(const ElementPlan& plan, std::uint64_t position, std::uint32_t buckets);

  std::uint64_t build(const ElementPlan& plan, unsigned depth, std::uint32_t buckets);
  std::uint64_t rebuild(const ElementPlan& plan, std::uint64_t leaf, std::uint32_t buckets);
  Segment* fit_header(const ElementPlan& plan, std::uint64_t leaf, std::uint32_t buckets);
  void destroy(const ElementPlan& plan, std::uint64_t leaf);
  void release_segment(const ElementPlan& plan, Segment* segment);
  void release_header(const ElementPlan& plan, Segment* segment, std::uint32_t buckets);
  Segment* relocate_header(memory::Owner owner, std::uint64_t start, std::uint64_t leaf,
                           memory::Mover& mover);
  void drop_last_block(const ElementPlan& plan, Segment* segment);
  bool free_directory_in_steps(const ElementPlan& plan);
  void fill(std::uint64_t leaf, Scratch& scratch);
  Bucket* new_block(const ElementPlan& plan, std::uint32_t buckets);
  void release_block(const ElementPlan& plan, Bucket* block, std::uint32_t buckets);

  Directory directory_;
  // All segments of a table that has more than one, but for the empty ones.
  Roster roster_;
  std::uint64_t salt_;
  std::uint64_t size_;
  std::uint64_t slots_;
  std::uint64_t bytes_;
  std::uint64_t moved_;
  // The expected number of elements; while there are fewer, new segments are sized for it.
  std::uint64_t reserved_;
  // The header of a table of one segment of one block, so that a small table is one allocation.
  SmallSegment small_;
  // No segment of the roster has more buckets than this.
  std::uint32_t widest_;
  // Words of the directory that free_in_steps() has passed.
  std::uint32_t freed_in_steps_;
};

}  // namespace detail
}  // namespace larder::types
