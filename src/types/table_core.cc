// Finding a place for an entry, taking one out, and what follows for the shape.

#include "larder/types/table_core.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "table_scratch.h"

namespace larder::types::detail {
namespace {

// Fuller than this and the table takes a step up.
constexpr std::uint64_t kFilledPercent = 86;

// A segment that alone is fuller than this grows alone, whatever the others do.
bool is_crowded(std::uint64_t size, std::uint64_t buckets) {
  return size * 100 > buckets * kBucketSlots * 93;
}

}  // namespace

void TableCore::become_empty() {
  small_[0] = std::uint64_t{1} << 32;
  small_[1] = reinterpret_cast<std::uintptr_t>(&kNoEntries);
  only_ = pack(small_, 1);
  directory_ = &only_;
  halves_ = nullptr;
  split_ = swept_ = size_ = slots_ = bytes_ = moved_ = 0;
  width_ = widest_ = 1;
  taken_apart_ = depth_ = 0;
}

void TableCore::take(TableCore& other) {
  directory_ = other.directory_ == &other.only_ ? &only_ : other.directory_;
  only_ =
      segment_of(other.only_) == other.small_ ? pack(small_, buckets_of(other.only_)) : other.only_;
  small_[0] = other.small_[0];
  small_[1] = other.small_[1];
  halves_ = other.halves_;
  split_ = other.split_;
  swept_ = other.swept_;
  size_ = other.size_;
  slots_ = other.slots_;
  bytes_ = other.bytes_;
  moved_ = other.moved_;
  width_ = other.width_;
  widest_ = other.widest_;
  taken_apart_ = other.taken_apart_;
  depth_ = other.depth_;
  other.become_empty();
}

Spot TableCore::find_pointer(const void* element, std::uint64_t hash) const {
  const Place at = place(hash);
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

void TableCore::add(const ElementPlan& plan, const void* element, std::uint64_t hash,
                    std::uint8_t tag) {
  LARDER_ASSERT(pack(element, 0) <= kPointerMask && element != nullptr);
  Place at = place(hash);
  // One or the other, so that no insertion moves two segments.
  if (is_crowded(segment_size(at.segment) + 1, at.buckets)) {
    widen(plan, hash);
    at = place(hash);
  } else if ((size_ + 1) * 100 > slots_ * kFilledPercent) {
    grow(plan);
    at = place(hash);
  }
  ++size_;
  ++at.segment[0];
  std::uint32_t index = at.home;
  for (;;) {
    Bucket* bucket = bucket_at(at.segment, index);
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
  --at.segment[0];
  std::uint32_t index = at.home;
  for (;;) {
    Bucket* bucket = bucket_at(at.segment, index);
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
  for (;;) {
    const std::uint64_t entry = segment_entry(rng.below(segments()));
    const auto index = static_cast<std::uint32_t>(rng.below(widest_));
    if (index < buckets_of(entry)) return bucket_at(segment_of(entry), index);
  }
}

std::uint64_t& TableCore::entry_for(std::uint64_t hash) {
  const std::uint64_t index = (hash >> 1) >> (63 - depth_);
  return index < split_ ? halves_[(hash >> 1) >> (62 - depth_)] : directory_[index];
}

void TableCore::widen(const ElementPlan& plan, std::uint64_t hash) {
  std::uint64_t& entry = entry_for(hash);
  const std::uint32_t buckets = buckets_of(entry);
  resize(plan, entry, buckets + std::max(1U, std::min(kBlockBuckets, buckets / 8)));
}

TableStats TableCore::stats() const {
  TableStats stats;
  stats.size = size_;
  stats.slots = slots_;
  stats.bytes = bytes_;
  if (slots_ == 0) return stats;
  stats.segments = segments();
  for (std::uint64_t s = 0; s < stats.segments; ++s) {
    const std::uint64_t entry = segment_entry(s);
    const std::uint64_t buckets = buckets_of(entry);
    stats.buckets += buckets;
    for (std::uint32_t i = 0; i < buckets; ++i) {
      const Bucket& bucket = *bucket_at(segment_of(entry), i);
      stats.overflowed_buckets += bucket.passed != 0;
      for (const std::uint64_t slot : bucket.slots) {
        if (slot == 0) continue;
        const std::uint64_t home = ((slot >> 48) * buckets) >> 16;
        const std::uint64_t distance = (i + buckets - home) % buckets;
        ++stats.at_distance[std::min<std::uint64_t>(distance, TableStats::kDistances - 1)];
        stats.longest_distance = std::max(stats.longest_distance, distance);
      }
    }
  }
  return stats;
}

}  // namespace larder::types::detail
