#pragma once

// Sorted sets: members with scores, in the order of (score, bytes). A handle of 8 bytes over
// storage that it does not own; its lowest 3 bits are the encoding:
//
//   listpack   member, score, member, score, ... in one block, in order; a score is an integer
//              where it is a whole number, else its shortest digits
//   skiplist   (the name of OBJECT ENCODING) a RankedTree in the order, and a Table that finds
//              members; each member is one allocation (ranked_member.h)
//
//   storage --> | index: Table | order: RankedTree | bytes of members |
//                    |                |
//                    +--> member <----+
//
// Ranks count from 0, the least. A range is two ranks; ranges by score and by text are turned into
// ranks first. Costs are O(log n), or O(n) for a listpack, unless a comment states another cost.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "larder/base/rng.h"
#include "larder/types/listpack.h"
#include "larder/types/ranked_tree.h"
#include "larder/types/read_only.h"
#include "larder/types/string.h"
#include "larder/types/table.h"
#include "larder/types/type.h"

namespace larder::types {

// A half-open range of ranks.
struct RankRange {
  std::size_t first = 0;
  std::size_t end = 0;

  std::size_t size() const { return end > first ? end - first : 0; }
};

struct ScoreRange {
  double least = 0;
  double most = 0;
  bool without_least = false;
  bool without_most = false;
};

// One end of a range by text: before all, after all, or at a text.
struct TextBound {
  enum class Kind : std::uint8_t { lowest, including, excluding, highest };
  Kind kind = Kind::lowest;
  std::string_view text = {};
};

// Only meaningful where all scores are equal.
struct TextRange {
  TextBound least;
  TextBound most;
};

class BeforeElement;
class RankedSet;
struct RankedTraits;

class SortedSet {
 public:
  static constexpr Type kType = Type::sorted_set;
  static constexpr memory::Owner kOwner = memory::Owner::sorted_sets;

  // Up to where a set is a listpack.
  struct Limits {
    std::size_t entries;
    std::size_t member_bytes;
  };

  // What put() does where the member is there, or is not.
  struct Rule {
    bool only_new = false;
    bool only_known = false;
    bool only_greater = false;  // of known members
    bool only_less = false;
    bool adds = false;  // to the score that there is
  };
  enum class Outcome : std::uint8_t { added, updated, unchanged, refused, not_a_number };
  struct Put {
    Outcome outcome;
    double score;  // that the member now has; of no use when refused or not a number
  };

  struct Ranked {
    std::size_t rank;
    double score;
  };

  // The position of a member; valid until the set changes.
  class Cursor {
   public:
    Cursor() = default;
    explicit operator bool() const {
      return pack_ != nullptr ? place_ != ListpackView::kEnd : static_cast<bool>(ranked_);
    }
    // A view into the set.
    String member() const;
    double score() const;
    // The neighbours; at the ends the cursor becomes none.
    void next();
    void previous();

   private:
    friend class SortedSet;
    Cursor(const std::uint8_t* pack, ListpackView::Place place) : pack_(pack), place_(place) {}
    explicit Cursor(RankedTree::Place ranked) : ranked_(ranked) {}

    RankedTree::Place ranked_;
    const std::uint8_t* pack_ = nullptr;
    ListpackView::Place place_ = ListpackView::kEnd;
  };

  // Adopts storage; null is an empty set.
  explicit SortedSet(void* storage) : storage_(storage) {}
  // Handles that can change the set are not copied (read_only.h).
  SortedSet(SortedSet&&) = default;
  SortedSet& operator=(SortedSet&&) = default;
  // A large set of members that are already in an index, given in their order. Those that are not
  // given must be appended before anything else is called.
  static SortedSet adopt(Table<RankedTraits>&& index, std::span<RankedMember* const> order,
                         std::size_t member_bytes);

  void* storage() { return storage_; }
  const void* storage() const { return storage_; }
  bool empty() const { return size() == 0; }
  std::size_t size() const;
  bool is_packed() const { return (tagged() & kTagMask) == kPacked; }

  // For a set that is no listpack: its members in no order, and `hook` is called before one of them
  // is added, removed or moved; null: nothing is.
  const Table<RankedTraits>& index() const;
  void watch(BeforeElement* hook);

  // The shape of the table of members; nothing for a listpack.
  std::optional<TableStats> table_stats() const;

  // Cost: O(1) but for a listpack.
  std::optional<double> score(std::string_view member) const;
  std::optional<Ranked> rank(std::string_view member) const;
  RankRange ranks(const ScoreRange& range) const;
  RankRange ranks(const TextRange& range) const;
  Cursor at(std::size_t rank) const;

  // One step of a walk over all members in no order: calls fn(member, score) for about `count`
  // and returns the cursor for the next step, 0 at the end. A listpack is shown at once.
  template <typename Fn>
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, Fn fn) const;

  Put put(std::string_view member, double score, const Rule& rule, const Limits& limits);
  // `entries` members, the longest of `member_bytes`, will be added: chooses the encoding of a new
  // set, and converts a listpack if there will be too many for it.
  void expect(std::size_t entries, std::size_t member_bytes, const Limits& limits);
  // Appends a member that comes after all others. Cost: O(1) amortised.
  void append(std::string_view member, double score, const Limits& limits);
  // The same for a member that is in the index already, which adopt() has got.
  void append(RankedMember* member);
  // False when there is no such member.
  bool erase(std::string_view member);
  // Erasing all members of a large set is O(1) here: the caller moves its storage to the graveyard.
  void erase(RankRange range);
  // Makes a listpack of a set that is within the limits.
  void pack(const Limits& limits);

  // Frees it all at once; the handle is empty after that.
  void destroy();

 private:
  static constexpr std::uintptr_t kTagMask = 7;
  static constexpr std::uintptr_t kPacked = 0;
  static constexpr std::uintptr_t kRanked = 1;

  std::uintptr_t tagged() const { return reinterpret_cast<std::uintptr_t>(storage_); }
  ListpackView view() const { return ListpackView(static_cast<const std::uint8_t*>(storage_)); }
  RankedSet* ranked() const { return reinterpret_cast<RankedSet*>(tagged() & ~kTagMask); }
  void unpack();
  bool is_full_for(std::string_view member, const Limits& limits) const;

  void* storage_;
};

}  // namespace larder::types

#include "larder/types/sorted_set_inline.h"
