#pragma once

// The hash table of the keyspace and the large encodings. It finds elements by key; it does not own
// them. Its memory grows linearly with the number of elements, no single call moves more than one
// segment in any order of insertions and removals, and a table without elements has no memory.
//
//   position | segment: depth bits | home: 16 bits | ...        tag: 8 bits of the hash
//
//   directory          segment                   blocks of 8 buckets, 64 bytes each
//   +--------------+   +------------------+      +--------+--------+-----+---------+
//   | depth, ptr   |-->| size and buckets |  +-->| bucket | bucket | ... | bucket  |
//   | depth, ptr   |   | block            |--+   +--------+--------+-----+---------+
//   | ...          |   | block            |----> ...      (table_bucket.h draws a bucket)
//   +--------------+   +------------------+      up to 15 blocks
//
// Elements are in the order of their position, which is the hash mixed with a salt of the table.
//
// Each segment has its own depth (extendible hashing, Fagin and others 1979). The home bucket is
// (16 bits * buckets) >> 16, so a segment can have any number of buckets: it grows by one block,
// using the 16 bits in its slots, without reading an element. An entry whose home bucket is full is
// in one of the buckets after it, with wrap-around at the end of the segment. Each full bucket
// counts the entries that passed it, so that a search ends at the first bucket that no entry has
// passed. A full segment of 15 blocks splits in two; only a split reads hashes from elements.
//
// Elements are pointers of 48 bits and unique by key. Keys with equal hashes work, up to about
// 6,000 with the same hash, and cost a walk over all of them. The table makes no callback while it
// changes.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "larder/base/budget.h"
#include "larder/base/prefetch.h"
#include "larder/base/rng.h"
#include "larder/memory/ledger.h"
#include "larder/memory/mover.h"
#include "larder/types/table_core.h"

namespace larder::types {

using detail::TagWindow;

// What a sweep does with an element after the callback.
enum class Verdict : std::uint8_t { keep, erase };

// Traits of a table of elements:
//   using Element = ...;
//   static constexpr memory::Owner kOwner;                    pays for the table
//   static std::string_view key(const Element&);              only for find by key
//   static std::uint64_t hash(const Element&);                recomputed from the key
//   static std::uint8_t tag(const Element&, std::uint64_t);   optional; else 8 hash bits
//   static constexpr bool kCommonOrder = true;                optional
// With its own tag, a table finds elements only by address. With a common order, the walk of one
// table visits elements in the order of the other tables of the traits; otherwise its order is
// random for other tables.
template <typename Traits>
class Table {
 public:
  using Element = typename Traits::Element;
  static constexpr bool kTagsFromHash = !requires(const Element& element) {
    Traits::tag(element, std::uint64_t{});
  };

  static constexpr bool kCommonOrder = requires { requires Traits::kCommonOrder; };

  // The position of an element; valid until the table changes.
  class Slot {
   public:
    Slot() = default;
    explicit operator bool() const { return static_cast<bool>(spot_); }
    Element* element() const {
      return static_cast<Element*>(detail::pointer_of(spot_.bucket->slots[spot_.slot]));
    }
    // The element has moved to another address; key and hash are the same.
    void replace(Element* element) const {
      std::uint64_t& slot = spot_.bucket->slots[spot_.slot];
      slot = detail::pack(element, slot >> 48);
    }

   private:
    friend class Table;
    explicit Slot(detail::Spot spot) : spot_(spot) {}
    detail::Spot spot_;
  };

  // The bytes of one element in a bucket: pointer, tag, and its share of the control byte.
  static constexpr std::size_t kSlotBytes = sizeof(detail::Bucket) / detail::kBucketSlots;

  Table() = default;
  Table(Table&&) noexcept = default;
  Table& operator=(Table&& other) noexcept {
    if (this != &other) core_.assign(kPlan, other.core_);
    return *this;
  }
  // Releases the table's own memory; the caller owns the elements.
  ~Table() { core_.release_all(kPlan); }

  std::uint64_t size() const { return core_.size(); }
  bool empty() const { return core_.size() == 0; }
  // Slots for elements, used or free.
  std::uint64_t slots() const { return core_.slots(); }
  // Bytes of the table by size class, without the elements and the object itself.
  std::uint64_t bytes() const { return core_.bytes(); }

  // A lookup in stages, so that a batch can have several cache misses under way: first
  // prefetch() for all hashes, then prefetch_candidate(), then find().
  void prefetch(std::uint64_t hash) const {
    const detail::Place at = core_.locate(position(hash));
    base::prefetch(at.segment->bucket(at.home));
  }
  // Reads the bucket, not the element: fetches the first element that 24 bits of the hash
  // allow and returns it, or null. Nearly always the one that find() will return.
  const Element* prefetch_candidate(std::uint64_t hash) const {
    const Element* candidate = search(hash, [](const Element&) { return true; }).element_or_null();
    if (candidate != nullptr) base::prefetch(candidate);
    return candidate;
  }

  // The element with this key, or null. Cost: a cache miss for the bucket, one for the
  // element; most misses of the key touch no element.
  Element* find(std::string_view key, std::uint64_t hash) const {
    return search(hash, [key](const Element& element) { return Traits::key(element) == key; })
        .element_or_null();
  }
  Slot find_slot(std::string_view key, std::uint64_t hash) const {
    return Slot(
        search(hash, [key](const Element& element) { return Traits::key(element) == key; }));
  }

  // By address; touches no element.
  Slot find_slot(const Element* element, std::uint64_t hash) const {
    return Slot(core_.find_pointer(element, position(hash)));
  }

  // The element whose key has this hash, or null; for callers that store hashes instead of keys.
  // Reads the keys of the elements for which 24 bits of the hash are equal, nearly always one.
  Element* find_hashed(std::uint64_t hash) const {
    return search(hash, [hash](const Element& element) { return Traits::hash(element) == hash; })
        .element_or_null();
  }

  // By address; touches no element.
  bool contains(const Element* element, std::uint64_t hash) const {
    return static_cast<bool>(core_.find_pointer(element, position(hash)));
  }

  // Prepares an empty table for `elements`, so that their insertion moves nothing. Allocates no
  // memory itself, but each insertion allocates a complete segment until all segments exist, so
  // `elements` must not be larger than what will be inserted. Ends with the first removal.
  void reserve(std::uint64_t elements) { core_.reserve(elements); }

  // No element with this key may be in the table. May take one step of growing: one
  // segment's slots move, and when it splits, its hashes are read.
  void insert(Element* element, std::uint64_t hash) {
    if (!kCommonOrder && slots() == 0) core_.draw_salt();
    core_.add(kPlan, element, position(hash), tag_of(*element, hash));
  }

  // The same, unless an element has the same key: then nothing changes, and it returns false.
  bool insert_new(Element* element, std::uint64_t hash) {
    const auto same = [element](const Element& other) {
      return Traits::key(other) == Traits::key(*element);
    };
    if (!kCommonOrder && slots() == 0) core_.draw_salt();
    const std::uint64_t position = this->position(hash);
    const detail::Place at = core_.locate(position);
    if (search(at, hash, same)) return false;
    core_.add(kPlan, element, at, position, tag_of(*element, hash));
    return true;
  }

  // Prepares an empty table for a copy of each element of `source`, which are inserted by
  // insert_copy() in the order of source.for_each(). They get the positions that they have there,
  // so neither the insertions nor walks over blocks that were allocated in this order miss the TLB.
  void prepare_copies(const Table& source) {
    core_.reserve(source.size());
    core_.take_salt(source.core_);
  }
  void insert_copy(Element* element, std::uint64_t hash) {
    core_.add(kPlan, element, position(hash), tag_of(*element, hash));
  }

  // Which of 2^bits parts of the table, in the order of scan(), a hash belongs to. Elements of one
  // part are near each other in memory. Valid until the table becomes empty.
  std::uint64_t part_of(std::uint64_t hash, unsigned bits) const {
    return position(hash) >> 1 >> (63 - bits);
  }

  // Removes the element and returns it, or null if there was none. May make one step of shrinking.
  Element* erase(std::string_view key, std::uint64_t hash) {
    const Slot slot = find_slot(key, hash);
    if (!slot) return nullptr;
    Element* element = slot.element();
    core_.remove(kPlan, slot.spot_, position(hash));
    return element;
  }
  bool erase(const Element* element, std::uint64_t hash) {
    const detail::Spot spot = core_.find_pointer(element, position(hash));
    if (spot) core_.remove(kPlan, spot, position(hash));
    return static_cast<bool>(spot);
  }

  // `from` has moved to `to`. False when `from` is not in the table.
  bool replace(const Element* from, Element* to, std::uint64_t hash) {
    const detail::Spot spot = core_.find_pointer(from, position(hash));
    if (spot) Slot(spot).replace(to);
    return static_cast<bool>(spot);
  }

  // The element's own tag has changed. False when the element is not in the table.
  bool retag(const Element* element, std::uint64_t hash,
             std::uint8_t tag) requires(!kTagsFromHash) {
    const detail::Spot spot = core_.find_pointer(element, position(hash));
    if (spot) spot.bucket->tags[spot.slot] = tag;
    return static_cast<bool>(spot);
  }

  // Calls fn(Element*) for the elements whose home is one bucket and returns the next cursor; 0 is
  // both the start and the end. An element that stays in the table from start to end is visited at
  // least once, for any insertions and removals between the calls; it is visited twice only after
  // segments have merged. fn must not change the table. Cursors are valid only for this table, grow
  // from call to call and are below 2^47; any other number is allowed too.
  template <typename Fn>
  std::uint64_t scan(std::uint64_t cursor, Fn fn) const {
    return scan_slots(cursor, [&fn](Slot slot) { fn(slot.element()); });
  }
  // The same with fn(Slot), for elements that may be moved.
  template <typename Fn>
  std::uint64_t scan_slots(std::uint64_t cursor, Fn fn) const {
    const std::uint64_t position = cursor << kCursorShift;
    const detail::Place at = core_.locate(position);
    const std::uint64_t end = detail::TableCore::first_bits(at.home + 1, at.buckets);
    detail::TableCore::walk(at, [&](detail::Bucket* bucket) {
      for (unsigned i = 0; i < detail::kBucketSlots; ++i) {
        const std::uint64_t bits = bucket->slots[i] >> 48;
        if (bucket->slots[i] != 0 && bits >= at.bits && bits < end) fn(Slot({bucket, i}));
      }
      return false;
    });
    return detail::TableCore::next_position(at, position) >> kCursorShift;
  }
  // The position of a hash in the order of scan(): its element is visited by calls with a cursor of
  // at most this number. Valid until the table becomes empty.
  std::uint64_t cursor_of(std::uint64_t hash) const { return position(hash) >> kCursorShift; }

  // Calls fn(Element*) on every element. fn must not change the table.
  template <typename Fn>
  void for_each(Fn fn) const {
    core_.for_each_segment([&fn](const detail::Segment& segment) {
      for (std::uint32_t i = 0; i < segment.buckets; ++i) show(*segment.bucket(i), fn);
    });
  }

  // Walks `lines` buckets in order from the cursor (0: the start) and returns the cursor to
  // continue with, 0 after the last. Calls fn for elements whose tag is in the window and removes
  // those for which it returns Verdict::erase. Reads one cache line for each bucket and no element
  // outside of the window. fn must not change the table. Each round visits an element once; more
  // often, or not at all, if its segment changes its shape between two calls; more often if the
  // sweep's own removals shrink the table.
  template <typename Fn>
  std::uint64_t sweep(std::uint64_t cursor, TagWindow window, std::size_t lines, Fn fn) {
    if (slots() == 0) return 0;
    do {
      const detail::Place at = core_.locate(cursor);
      const std::uint64_t swept = cursor;
      cursor = detail::TableCore::next_position(at, cursor);
      detail::Bucket* bucket = at.segment->bucket(at.home);
      bool erased = false;
      for (unsigned hits = bucket->in_window(window); hits != 0; hits &= hits - 1) {
        const detail::Spot spot{bucket, static_cast<unsigned>(std::countr_zero(hits))};
        if (fn(Slot(spot).element()) == Verdict::keep) continue;
        core_.remove_from_segment(spot, at);
        erased = true;
      }
      if (erased && detail::TableCore::can_shrink(at)) {
        cursor = core_.shrink_under(kPlan, swept, cursor);
      }
    } while (cursor != 0 && --lines > 0);
    return cursor;
  }

  // One element, each with the same probability; null when there is none. Cost: a cache miss
  // or two, without touching the element.
  Element* random(base::Rng& rng) const {
    if (empty()) return nullptr;
    for (;;) {
      const std::uint64_t slot = core_.random_bucket(rng)->slots[rng.below(detail::kBucketSlots)];
      if (slot != 0) return static_cast<Element*>(detail::pointer_of(slot));
    }
  }
  // Calls fn(Element*) on up to 7 elements that share a bucket, each element with the same
  // probability; none when that bucket is empty.
  template <typename Fn>
  void sample_bucket(base::Rng& rng, Fn fn) const {
    if (!empty()) show(*core_.random_bucket(rng), fn);
  }

  // Frees the table in steps: removes each element and calls fn(Element*) for it, until the budget
  // is spent. True if the table is empty and can be used again; until then only size() and
  // clear_some() may be called.
  template <typename Fn>
  bool clear_some(base::Budget& budget, Fn fn) {
    const auto hand_over = [&fn](void* element) { fn(static_cast<Element*>(element)); };
    while (core_.free_in_steps(kPlan, hand_over)) {
      if (budget.spent()) return false;
    }
    return true;
  }

  // A step of a walk that moves blocks (memory/mover.h): offers those of one segment to the mover,
  // then calls move(Element*) on each element that the mover wants, which returns the new address
  // or null. Returns the next cursor; 0 is both the start and the end. Each element and block of
  // the table that stays is visited at least once, for any changes between the steps, and twice
  // only if segments have merged.
  template <typename Move>
  std::uint64_t relocate(std::uint64_t cursor, memory::Mover& mover, Move move) {
    const std::uint64_t position = cursor << kCursorShift;
    const detail::Place at = core_.relocate_blocks(Traits::kOwner, position, mover);
    std::array<Slot, kMovedAtOnce> wanted;
    std::size_t count = 0;
    const auto move_wanted = [&] {
      for (const Slot& slot : std::span(wanted).first(count)) {
        if (Element* moved = move(slot.element())) slot.replace(moved);
      }
      count = 0;
    };
    for (std::uint32_t i = 0; i < at.buckets; ++i) {
      detail::Bucket* bucket = at.segment->bucket(i);
      for (unsigned k = 0; k < detail::kBucketSlots; ++k) {
        if (bucket->slots[k] == 0) continue;
        const Slot slot({bucket, k});
        if (!mover.wants(slot.element())) continue;
        base::prefetch(slot.element());
        wanted[count++] = slot;
        if (count == kMovedAtOnce) move_wanted();
      }
    }
    move_wanted();
    return detail::TableCore::segment_end(at, position) >> kCursorShift;
  }
  // The same for the table's blocks only.
  std::uint64_t relocate_blocks(std::uint64_t cursor, memory::Mover& mover) {
    const std::uint64_t position = cursor << kCursorShift;
    const detail::Place at = core_.relocate_blocks(Traits::kOwner, position, mover);
    return detail::TableCore::segment_end(at, position) >> kCursorShift;
  }
  // The bytes of this object have been copied from another address, which it left.
  void relocated() { core_.relocated(); }

  TableStats stats() const { return core_.stats(); }
  // How many slots growing and shrinking have moved so far.
  std::uint64_t moved_slots() const { return core_.moved(); }

 private:
  struct Found : detail::Spot {
    Element* element_or_null() const {
      return *this ? static_cast<Element*>(detail::pointer_of(this->bucket->slots[this->slot]))
                   : nullptr;
    }
  };

  // The position of a hash in the order of the table.
  static std::uint64_t position(std::uint64_t hash, std::uint64_t salt) {
    return kCommonOrder ? hash : (hash ^ salt) * detail::kPositionFactor;
  }
  std::uint64_t position(std::uint64_t hash) const { return position(hash, core_.salt()); }

  static std::uint8_t tag_of(const Element& element, std::uint64_t hash) {
    if constexpr (kTagsFromHash) {
      return static_cast<std::uint8_t>(hash);
    } else {
      return Traits::tag(element, hash);
    }
  }

  template <typename Fn>
  static void show(const detail::Bucket& bucket, Fn& fn) {
    for (const std::uint64_t slot : bucket.slots) {
      if (slot != 0) fn(static_cast<Element*>(detail::pointer_of(slot)));
    }
  }

  template <typename Matches>
  Found search(std::uint64_t hash, Matches matches) const {
    return search(core_.locate(position(hash)), hash, matches);
  }
  template <typename Matches>
  Found search(const detail::Place& at, std::uint64_t hash, Matches matches) const {
    static_assert(kTagsFromHash, "elements with tags of their own are found by address");
    Found found;
    detail::TableCore::walk(at, [&](detail::Bucket* bucket) {
      unsigned hits = bucket->with_tag(static_cast<std::uint8_t>(hash));
      for (; hits != 0; hits &= hits - 1) {
        const auto i = static_cast<unsigned>(std::countr_zero(hits));
        const std::uint64_t slot = bucket->slots[i];
        if (slot >> 48 != at.bits || slot == 0) continue;
        if (!matches(*static_cast<const Element*>(detail::pointer_of(slot)))) continue;
        found.bucket = bucket;
        found.slot = i;
        return true;
      }
      return false;
    });
    return found;
  }

  static void read_hashes(std::uint64_t* slots, std::size_t count, std::uint64_t salt,
                          unsigned depth) {
    constexpr std::size_t kAhead = 16;
    for (std::size_t i = 0; i < count && i < kAhead; ++i) {
      __builtin_prefetch(detail::pointer_of(slots[i]));
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) __builtin_prefetch(detail::pointer_of(slots[i + kAhead]));
      const auto* element = static_cast<const Element*>(detail::pointer_of(slots[i]));
      const std::uint64_t at = position(Traits::hash(*element), salt);
      slots[i] = detail::pack(element, (at << depth) >> 48);
    }
  }

  // Elements whose cache misses overlap.
  static constexpr std::size_t kMovedAtOnce = 16;
  // What a cursor leaves out of a position: no bucket begins between two cursors.
  static constexpr unsigned kCursorShift = 48 - detail::kDeepest;
  static constexpr detail::ElementPlan kPlan{Traits::kOwner, &read_hashes};
  detail::TableCore core_;
};

}  // namespace larder::types
