// Growing and shrinking: each segment changes its size independently.
//
//   1 2 .. 8 10 .. 32 36 .. 64 72 .. 120 buckets; past 120 a segment splits into two
//
// A segment grows when one more entry would fill over 90 % of its slots. Below 70 % it merges with
// the other half of its pair if both together fit, or else gets fewer buckets; either way at most
// 80 % of the slots are in use afterwards, far from both thresholds.

#include <algorithm>
#include <cmath>

#include "larder/base/assert.h"
#include "larder/types/table_core.h"
#include "table_scratch.h"

namespace larder::types::detail {
namespace {

constexpr std::uint32_t kMost = 15 * kBlockBuckets;
constexpr std::uint64_t kFilledPercent = 90;
constexpr std::uint64_t kShrunkPercent = 80;

// How many buckets a segment of `buckets` gets in a step of growing. Only segments
// at the greatest depth, full of equal hashes, exceed the usual width.
std::uint32_t step_at(std::uint32_t buckets) {
  if (buckets < 8) return 1;
  if (buckets < 32) return 2;
  if (buckets < 64) return 4;
  return buckets < kMost ? kBlockBuckets : buckets / 8;
}

bool fits(std::uint64_t size, std::uint32_t buckets, std::uint64_t most_percent) {
  return size * 100 <= std::uint64_t{buckets} * kBucketSlots * most_percent;
}

// The least width in which `size` entries fill no more than `most_percent` of the slots.
std::uint32_t fitting(std::uint64_t size, std::uint64_t most_percent) {
  std::uint32_t buckets = 1;
  while (!fits(size, buckets, most_percent)) buckets += step_at(buckets);
  return buckets;
}

struct Shape {
  unsigned depth = 0;
  std::uint32_t buckets = 1;
};

// The shape of all segments of a table of `elements`, so that it takes the memory of one that has
// grown to this size. Segments that get more than the average grow by a step, but few are divided:
// the standard deviation of the counts is their square root.
Shape shape_for(std::uint64_t elements) {
  if (fits(elements, kMost, kFilledPercent)) return {0, fitting(elements, kFilledPercent)};
  const auto with_room = [](double expected, double deviations) {
    return static_cast<std::uint64_t>(expected + deviations * std::sqrt(expected));
  };
  Shape shape;
  auto expected = static_cast<double>(elements);
  while (!fits(with_room(expected, 3), kMost, kFilledPercent)) {
    ++shape.depth;
    expected /= 2;
  }
  shape.depth = std::min(shape.depth, kDeepest);
  shape.buckets = std::min(kMost, fitting(static_cast<std::uint64_t>(expected), kFilledPercent));
  return shape;
}

std::uint32_t size_of(std::uint64_t leaf) {
  return is_empty_leaf(leaf) ? 0 : segment_of(leaf)->size;
}

std::uint64_t other_half(std::uint64_t position, unsigned depth) {
  return position ^ (std::uint64_t{1} << (64 - depth));
}

}  // namespace

void TableCore::grow(const ElementPlan& plan, std::uint64_t position) {
  const std::uint64_t leaf = directory_.find(position);
  const std::uint32_t buckets = buckets_of(leaf);
  if (is_empty_leaf(leaf)) {
    create_segment(plan, position);
  } else if (buckets < kMost || depth_of(leaf) == kDeepest) {
    LARDER_ASSERT(buckets < kWidest);
    resize(plan, position, std::min(kWidest, buckets + step_at(buckets)));
  } else {
    split(plan, position);
  }
}

// Creates the segment of a position that has none.
void TableCore::create_segment(const ElementPlan& plan, std::uint64_t position) {
  const Shape wanted = size_ < reserved_ ? shape_for(reserved_) : Shape{};
  unsigned depth = depth_of(directory_.find(position));
  for (; depth < wanted.depth; ++depth) {
    directory_.split(account(plan), position, empty_leaf(depth + 1), empty_leaf(depth + 1));
  }
  directory_.assign(position, build(plan, depth, wanted.buckets));
}

void TableCore::split(const ElementPlan& plan, std::uint64_t position) {
  const std::uint64_t whole = directory_.find(position);
  const unsigned depth = depth_of(whole) + 1;
  std::uint64_t halves[2];
  for (const std::uint64_t upper : {0, 1}) {
    Scratch scratch(plan.owner, size_of(whole));
    scratch.gather(
        whole, [upper](std::uint64_t slot) { return slot >> 63 == upper; },
        [](std::uint64_t slot) { return slot; });
    halves[upper] = empty_leaf(depth);
    if (scratch.size() == 0) continue;
    plan.read_hashes(scratch.slots(), scratch.size(), salt_, depth);
    const std::uint32_t buckets = fitting(scratch.size(), kFilledPercent);
    halves[upper] = build(plan, depth, std::min(kMost, buckets));
    fill(halves[upper], scratch);
  }
  directory_.split(account(plan), position, halves[0], halves[1]);
  destroy(plan, whole);
}

void TableCore::shrink(const ElementPlan& plan, std::uint64_t position) {
  reserved_ = 0;
  if (size_ == 0) return release_all(plan);
  const std::uint64_t leaf = directory_.find(position);
  const std::uint32_t size = size_of(leaf);
  if (size == 0) {
    destroy(plan, leaf);
    directory_.assign(position, empty_leaf(depth_of(leaf)));
  }
  if (merge(plan, position)) return merge_empty(plan, position);
  const std::uint32_t buckets = fitting(size, kShrunkPercent);
  if (size > 0 && buckets < buckets_of(leaf)) resize(plan, position, buckets);
}

// False when the other half is divided further or both together are too many.
bool TableCore::merge(const ElementPlan& plan, std::uint64_t position) {
  const std::uint64_t leaf = directory_.find(position);
  const unsigned depth = depth_of(leaf);
  if (depth == 0) return false;
  const std::uint64_t other = directory_.find(other_half(position, depth));
  const std::uint64_t size = std::uint64_t{size_of(leaf)} + size_of(other);
  if (depth_of(other) != depth || !fits(size, kMost, kShrunkPercent)) return false;
  const std::uint64_t upper = (position >> (64 - depth)) & 1;
  Scratch scratch(plan.owner, size);
  for (const std::uint64_t half : {leaf, other}) {
    const std::uint64_t high = (half == leaf ? upper : 1 - upper) << 63;
    if (is_empty_leaf(half)) continue;
    scratch.gather(
        half, [](std::uint64_t) { return true; },
        [high](std::uint64_t slot) { return (slot & kPointerMask) | (slot >> 49 << 48) | high; });
  }
  std::uint64_t whole = empty_leaf(depth - 1);
  if (size > 0) {
    whole = build(plan, depth - 1, fitting(size, kShrunkPercent));
    fill(whole, scratch);
  }
  destroy(plan, leaf);
  destroy(plan, other);
  directory_.merge(account(plan), position, whole);
  return true;
}

// The two halves of a pair are never both empty, so that the directory is in proportion to the
// remaining segments.
void TableCore::merge_empty(const ElementPlan& plan, std::uint64_t position) {
  for (;;) {
    const std::uint64_t leaf = directory_.find(position);
    const unsigned depth = depth_of(leaf);
    if (depth == 0 || !is_empty_leaf(leaf)) return;
    if (directory_.find(other_half(position, depth)) != leaf) return;
    directory_.merge(account(plan), position, empty_leaf(depth - 1));
  }
}

std::uint64_t TableCore::shrink_under(const ElementPlan& plan, std::uint64_t shrunk,
                                      std::uint64_t next) {
  const Place before = locate(next);
  shrink(plan, shrunk);
  if (next == 0 || slots_ == 0) return 0;
  const Place after = locate(next);
  const bool same = after.segment == before.segment && after.buckets == before.buckets;
  // The lowest bit does not change the bucket, and avoids 0, which would mean the end.
  return same ? next : segment_start(after, next) | 1;
}

// Resizes a segment to `buckets`.
void TableCore::resize(const ElementPlan& plan, std::uint64_t position, std::uint32_t buckets) {
  const std::uint64_t leaf = directory_.find(position);
  Scratch scratch(plan.owner, size_of(leaf));
  scratch.gather(
      leaf, [](std::uint64_t) { return true; }, [](std::uint64_t slot) { return slot; });
  const std::uint64_t resized = rebuild(plan, leaf, buckets);
  fill(resized, scratch);
  directory_.assign(position, resized);
}

}  // namespace larder::types::detail
