// Inserting and removing entries, and the changes of the shape that follow.

#include "larder/types/table_core.h"

#include <algorithm>

#include "larder/base/assert.h"

namespace larder::types::detail {
namespace {

// Numbers the tables of a thread, so that each has its own order.
thread_local std::uint64_t t_tables = 0;

// One more entry would fill more than 90 % of the slots.
bool is_full(const Place& at) {
  return (std::uint32_t{at.segment->size} + 1) * 10 > at.buckets * kBucketSlots * 9;
}

}  // namespace

void TableCore::become_empty() {
  directory_.root() = empty_leaf(0);
  roster_ = Roster();
  salt_ = size_ = slots_ = bytes_ = moved_ = reserved_ = 0;
  widest_ = freed_in_steps_ = 0;
}

// Distant numbers from neighbouring ones (the finalizer of SplitMix64, Steele and others 2014).
void TableCore::draw_salt() {
  std::uint64_t x = ++t_tables * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  salt_ = x ^ (x >> 31);
}

void TableCore::take(TableCore& other) {
  directory_ = other.directory_;
  if (other.directory_.is_single() && segment_of(other.directory_.root()) == other.small()) {
    directory_.root() = leaf_word(small(), 0, buckets_of(other.directory_.root()));
  }
  roster_ = other.roster_;
  salt_ = other.salt_;
  size_ = other.size_;
  slots_ = other.slots_;
  bytes_ = other.bytes_;
  moved_ = other.moved_;
  reserved_ = other.reserved_;
  small_ = other.small_;
  widest_ = other.widest_;
  freed_in_steps_ = other.freed_in_steps_;
  other.become_empty();
}

Spot TableCore::find_pointer(const void* element, std::uint64_t position) const {
  const Place at = locate(position);
  const std::uint64_t wanted = pack(element, at.bits);
  Spot spot;
  walk(at, [&](Bucket* bucket) {
    for (unsigned i = 0; i < kBucketSlots; ++i) {
      if (bucket->slots[i] != wanted) continue;
      spot = {bucket, i};
      return true;
    }
    return false;
  });
  return spot;
}

void TableCore::add(const ElementPlan& plan, const void* element, Place at, std::uint64_t position,
                    std::uint8_t tag) {
  LARDER_ASSERT(pack(element, 0) <= kPointerMask && element != nullptr);
  if (is_full(at)) {
    grow(plan, position);
    at = locate(position);
    if (at.segment == &kEmptySegment.head) {
      // A split has left its half without a segment.
      grow(plan, position);
      at = locate(position);
    }
  }
  ++size_;
  ++at.segment->size;
  std::uint32_t index = at.home;
  for (;;) {
    Bucket* bucket = at.segment->bucket(index);
    const unsigned free = ~bucket->occupied() & 0x7f;
    if (free != 0) {
      const auto i = static_cast<unsigned>(std::countr_zero(free));
      bucket->slots[i] = pack(element, at.bits);
      bucket->tags[i] = tag;
      return;
    }
    bucket->pass();
    if (++index == at.buckets) index = 0;
  }
}

void TableCore::take_out(Spot spot, const Place& at) {
  spot.bucket->slots[spot.slot] = 0;
  --size_;
  --at.segment->size;
  std::uint32_t index = at.home;
  for (;;) {
    Bucket* bucket = at.segment->bucket(index);
    if (bucket == spot.bucket) return;
    bucket->unpass();
    if (++index == at.buckets) index = 0;
  }
}

void TableCore::remove_from_segment(Spot spot, Place at) {
  at.bits = static_cast<std::uint32_t>(spot.bucket->slots[spot.slot] >> 48);
  at.home = (at.bits * at.buckets) >> 16;
  take_out(spot, at);
}

Bucket* TableCore::random_bucket(base::Rng& rng) const {
  if (slots_ == 0) return nullptr;
  if (directory_.is_single()) {
    const Segment* only = segment_of(directory_.root());
    return only->bucket(static_cast<std::uint32_t>(rng.below(only->buckets)));
  }
  for (;;) {
    const Segment* segment = roster_[static_cast<std::uint32_t>(rng.below(roster_.size()))];
    const auto index = static_cast<std::uint32_t>(rng.below(widest_));
    if (index < segment->buckets) return segment->bucket(index);
  }
}

TableStats TableCore::stats() const {
  TableStats stats;
  stats.size = size_;
  stats.slots = slots_;
  stats.bytes = bytes_;
  for_each_segment([&stats](const Segment& segment) {
    ++stats.segments;
    stats.buckets += segment.buckets;
    for (std::uint32_t i = 0; i < segment.buckets; ++i) {
      const Bucket& bucket = *segment.bucket(i);
      stats.overflowed_buckets += bucket.passed != 0;
      for (const std::uint64_t slot : bucket.slots) {
        if (slot == 0) continue;
        const std::uint64_t home = ((slot >> 48) * segment.buckets) >> 16;
        const std::uint64_t distance = (i + segment.buckets - home) % segment.buckets;
        ++stats.at_distance[std::min<std::uint64_t>(distance, TableStats::kDistances - 1)];
        stats.longest_distance = std::max(stats.longest_distance, distance);
      }
    }
  });
  return stats;
}

}  // namespace larder::types::detail
