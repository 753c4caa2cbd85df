// How the table follows the number of its elements, one segment at a time.
//
// All shapes lie on one line, and the table stands at one point of it: width_, swept_, and
// while it doubles split_. grow() takes one step up the line, shrink() one step back.
//
//   one segment:  1 2 .. 8 10 .. 32 36 .. 64 72 .. 120 buckets
//   doubling:     each segment of 120 becomes two of 64, one at a step
//   2^n segments: each in turn from 64 to 72, then each from 72 to 80, .. up to 120

#include <algorithm>

#include "larder/types/table_core.h"
#include "table_scratch.h"

namespace larder::types::detail {
namespace {

constexpr std::uint32_t kLeast = 8 * kBlockBuckets;
constexpr std::uint32_t kMost = 15 * kBlockBuckets;
constexpr std::uint32_t kCrowdedPercent = 91;
constexpr std::uint32_t kShrunkPercent = 80;

// How many buckets a segment of `buckets` gets in a step up.
std::uint32_t step_at(std::uint32_t buckets) {
  if (buckets < 8) return 1;
  if (buckets < 32) return 2;
  return buckets < 64 ? 4 : kBlockBuckets;
}
std::uint32_t above(std::uint32_t buckets) { return buckets + step_at(buckets); }
std::uint32_t below(std::uint32_t buckets) { return buckets - step_at(buckets - 1); }

// `buckets`, or more in whole steps where `size` entries would fill over `most_percent`.
std::uint32_t fitting(std::uint32_t buckets, std::uint64_t size, std::uint32_t most_percent) {
  while (size * 100 > std::uint64_t{buckets} * kBucketSlots * most_percent) {
    buckets = above(buckets);
  }
  return buckets;
}

}  // namespace

std::uint64_t* TableCore::new_directory(const ElementPlan& plan, std::uint64_t entries) {
  const std::size_t bytes = entries * sizeof(std::uint64_t);
  bytes_ += memory::size_class(bytes);
  return static_cast<std::uint64_t*>(memory::allocate(plan.owner, bytes));
}

void TableCore::release_directory(const ElementPlan& plan, std::uint64_t* entries,
                                  std::uint64_t count) {
  if (entries == &only_) return;
  const std::size_t bytes = count * sizeof(std::uint64_t);
  bytes_ -= memory::size_class(bytes);
  memory::release(plan.owner, entries, bytes);
}

void TableCore::grow(const ElementPlan& plan) {
  if (slots_ == 0) {
    only_ = build(plan, 1);
    return;
  }
  if (halves_ == nullptr && swept_ == 0 && width_ >= kMost) begin_split(plan);
  if (halves_ != nullptr) return split_next(plan);
  std::uint64_t& entry = directory_[swept_];
  resize(plan, entry, std::max(above(width_), buckets_of(entry)));
  if (++swept_ < std::uint64_t{1} << depth_) return;
  swept_ = 0;
  width_ = above(width_);
}

void TableCore::shrink(const ElementPlan& plan) {
  if (size_ == 0 && depth_ == 0 && halves_ == nullptr) return release_all(plan);
  if (halves_ == nullptr && swept_ == 0) {
    const bool narrowest = width_ == (depth_ == 0 ? 1 : kLeast);
    if (narrowest && depth_ == 0) return;
    if (narrowest) {
      begin_merge(plan);
    } else {
      width_ = below(width_);
      swept_ = std::uint64_t{1} << depth_;
    }
  }
  if (halves_ != nullptr) return merge_last(plan);
  std::uint64_t& entry = directory_[--swept_];
  // In a small table one step is a large part of the whole: stay clear of growing again.
  const std::uint32_t most_percent = depth_ == 0 ? kShrunkPercent : kCrowdedPercent;
  resize(plan, entry, fitting(width_, segment_size(segment_of(entry)), most_percent));
  if (depth_ == 0) widest_ = buckets_of(entry);
}

std::uint64_t TableCore::shrink_under(const ElementPlan& plan, std::uint64_t position) {
  if (position == 0) {
    shrink(plan);
    return 0;
  }
  const Place before = place(position);
  shrink(plan);
  if (slots_ == 0) return 0;
  const Place after = place(position);
  const bool same = after.segment == before.segment && after.buckets == before.buckets;
  // The lowest bit finds no other bucket; a position of 0 would be the end.
  return same ? position : segment_start(after, position) | 1;
}

void TableCore::begin_split(const ElementPlan& plan) {
  halves_ = new_directory(plan, std::uint64_t{2} << depth_);
  split_ = 0;
}

void TableCore::split_next(const ElementPlan& plan) {
  const std::uint64_t whole = directory_[split_];
  for (const std::uint64_t upper : {0, 1}) {
    Scratch scratch(plan.owner, segment_size(segment_of(whole)));
    scratch.gather(
        whole, [upper](std::uint64_t slot) { return slot >> 63 == upper; },
        [](std::uint64_t slot) { return slot; });
    plan.reseat(scratch.slots(), scratch.size(), depth_ + 1);
    std::uint64_t& half = halves_[2 * split_ + upper];
    half = build(plan, fitting(kLeast, scratch.size(), kCrowdedPercent));
    fill(half, scratch);
  }
  destroy(plan, whole);
  if (++split_ < std::uint64_t{1} << depth_) return;
  release_directory(plan, directory_, std::uint64_t{1} << depth_);
  directory_ = halves_;
  halves_ = nullptr;
  split_ = 0;
  ++depth_;
  width_ = kLeast;
}

void TableCore::begin_merge(const ElementPlan& plan) {
  halves_ = directory_;
  --depth_;
  split_ = std::uint64_t{1} << depth_;
  directory_ = depth_ == 0 ? &only_ : new_directory(plan, split_);
  width_ = kMost;
}

void TableCore::merge_last(const ElementPlan& plan) {
  std::uint64_t* pair = halves_ + 2 * (split_ - 1);
  const std::uint64_t size =
      std::uint64_t{segment_size(segment_of(pair[0]))} + segment_size(segment_of(pair[1]));
  Scratch scratch(plan.owner, size);
  for (const std::uint64_t upper : {0, 1}) {
    scratch.gather(
        pair[upper], [](std::uint64_t) { return true; },
        [upper](std::uint64_t slot) {
          return (slot & kPointerMask) | (slot >> 49 << 48) | (upper << 63);
        });
  }
  std::uint64_t& whole = directory_[split_ - 1];
  whole = build(plan, fitting(kMost, size, kCrowdedPercent));
  fill(whole, scratch);
  destroy(plan, pair[0]);
  destroy(plan, pair[1]);
  if (--split_ > 0) return;
  release_directory(plan, halves_, std::uint64_t{2} << depth_);
  halves_ = nullptr;
}

void TableCore::release_all(const ElementPlan& plan) {
  if (slots_ != 0) {
    for (std::uint64_t s = 0; s + taken_apart_ < segments(); ++s) {
      destroy(plan, segment_entry(s));
    }
  }
  if (halves_ != nullptr) release_directory(plan, halves_, std::uint64_t{2} << depth_);
  release_directory(plan, directory_, std::uint64_t{1} << depth_);
  const std::uint64_t moved = moved_;
  become_empty();
  moved_ = moved;
}

}  // namespace larder::types::detail
