#pragma once

// Sets: a sorted array of integers while all members are integers and few, one compact block
// while they are few and short, and a hash table of members from there on.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/base/rng.h"
#include "larder/types/before_element.h"
#include "larder/types/intset.h"
#include "larder/types/listpack.h"
#include "larder/types/read_only.h"
#include "larder/types/set_member.h"
#include "larder/types/string.h"
#include "larder/types/type.h"

namespace larder::types {

struct Settings;

// Up to where a set keeps its compact encodings.
struct SetLimits {
  std::size_t intset_entries = 512;
  std::size_t listpack_entries = 128;
  std::size_t listpack_value = 64;

  static SetLimits of(const Settings& settings);
};

// A handle to a set's storage, which it does not own: null is the empty set, and removing the last
// member frees the storage, unless it is watched. Views of members are valid until the set changes.
class Set {
 public:
  static constexpr Type kType = Type::set;
  enum class Encoding : std::uint8_t { table, listpack, intset };

  Set() = default;
  explicit Set(void* storage) : storage_(reinterpret_cast<std::uintptr_t>(storage)) {}
  // An empty set that starts with this encoding, whatever its first member is.
  static Set create(Encoding encoding);
  // An empty set that will get at least this many members.
  static Set create_for(std::size_t members, const SetLimits& limits);
  // From bytes that are valid(), with at least one member and none twice.
  static Set from_intset(std::string_view raw);
  static Set from_listpack(std::string_view raw);

  // Handles that can change the set are not copied (read_only.h).
  Set(Set&&) = default;
  Set& operator=(Set&&) = default;

  void* storage() { return reinterpret_cast<void*>(storage_); }
  const void* storage() const { return reinterpret_cast<const void*>(storage_); }
  bool empty() const { return storage_ == 0 || size() == 0; }
  std::size_t size() const {
    if (storage_ == 0) return 0;
    if (const MemberTable* members = table()) return members->size();
    return compact_size();
  }

  // Only where there is storage.
  Encoding encoding() const { return static_cast<Encoding>(storage_ & kTagMask); }
  ListpackView listpack() const { return ListpackView(block()); }
  IntsetView intset() const { return IntsetView(block()); }
  // The members of a set that is stored in a table; null for other encodings.
  const MemberTable* table() const {
    return storage_ != 0 && encoding() == Encoding::table ? &large()->members : nullptr;
  }

  // For a set in a table: `hook` is called before a member is added or removed; null: nothing is.
  void watch(BeforeElement* hook) { large()->hook = hook; }

  // Cost: a search of two cache misses in a table, logarithmic in an intset, else a walk.
  bool contains(std::string_view member) const;

  // Before several members are added, `first` among them: a set that will pass a limit starts in
  // the encoding in which it would end.
  void expect(std::string_view first, std::size_t count, const SetLimits& limits);
  // False when it was there already. Passing a limit converts.
  bool add(std::string_view member, const SetLimits& limits);
  bool add(const String& member, const SetLimits& limits);
  // False when it was not there.
  bool remove(std::string_view member);
  // Converts a set that has only integers to an intset, if it is small enough.
  void prefer_intset(const SetLimits& limits);
  // Frees all of it at once.
  void clear();

  // Calls fn(String) on every member.
  template <typename Fn>
  void for_each(Fn fn) const;
  // One step of SSCAN: calls fn(String) on some members, about `count`, and returns the cursor for
  // the next step, 0 at the end. Compact encodings show all members at once.
  template <typename Fn>
  std::uint64_t scan(std::uint64_t cursor, std::size_t count, Fn fn) const;

  // A member picked uniformly; the set must not be empty. Cost: O(1), a walk in a listpack.
  String random(base::Rng& rng) const;
  // Calls fn(String) on `count` different members picked uniformly, or on all when there are no
  // more. Cost: O(count) for few of a table, else a walk.
  template <typename Fn>
  void sample(std::size_t count, base::Rng& rng, Fn fn) const;
  // The same, and removes each after its call. `count` must be below size().
  template <typename Fn>
  void take(std::size_t count, base::Rng& rng, Fn fn);

  // Type row (type.h).
  static std::size_t footprint(const void* storage);
  static void* copy(const void* storage);
  static bool destroy_some(void* storage, memory::Owner owner, base::Budget& budget);
  static void* relocate_some(void* storage, Relocation& walk, memory::Mover& mover,
                             base::Budget& budget);

 private:
  static constexpr memory::Owner kOwner = memory::Owner::sets;
  static constexpr std::uintptr_t kTagMask = 7;
  // A table of this many times what is sampled is not worth a walk.
  static constexpr std::size_t kSparse = 3;

  struct Large {
    MemberTable members;
    std::size_t member_bytes = 0;
    BeforeElement* hook = nullptr;
  };

  std::uint8_t* block() const { return reinterpret_cast<std::uint8_t*>(storage_ & ~kTagMask); }
  Large* large() const { return reinterpret_cast<Large*>(block()); }
  std::size_t compact_size() const;
  void store(const void* block, Encoding encoding) {
    storage_ = reinterpret_cast<std::uintptr_t>(block) | static_cast<std::uintptr_t>(encoding);
  }
  void start(std::string_view first, std::size_t count, const SetLimits& limits);

  bool add_to_table(std::string_view member);
  bool remove_from_table(std::string_view member);
  bool add_to_listpack(std::string_view member, const SetLimits& limits);
  bool add_to_intset(std::int64_t member, const SetLimits& limits);
  void add_text_to_intset(std::string_view member, const SetLimits& limits);
  // The set as a table, or a listpack, of the same members.
  void become_table(std::size_t members);
  void become_listpack();
  void free_compact(memory::Owner owner) noexcept;

  // Selects `count` of the `size` elements of a walk, each with the same probability.
  class SelectionSampler {
   public:
    SelectionSampler(std::size_t count, std::size_t size, base::Rng& rng)
        : count_(count), left_(size), rng_(rng) {}
    bool takes_next() {
      if (rng_.below(left_--) >= count_) return false;
      --count_;
      return true;
    }
    bool done() const { return count_ == 0; }

   private:
    std::size_t count_;
    std::size_t left_;
    base::Rng& rng_;
  };

  // Calls fn(SetMember*) on `count` different members of a table that has many more.
  template <typename Fn>
  void sample_sparsely(std::size_t count, base::Rng& rng, Fn fn) const;

  std::uintptr_t storage_ = 0;
};

}  // namespace larder::types

#include "larder/types/set_inline.h"
