#pragma once

// A large hash, set or sorted set that a snapshot writes while commands change it. Before an
// element changes for the first time since the moment of the snapshot, it is copied
// (types::BeforeElement), unless it is written already:
//
//     the table, in the order of its positions:
//
//     written: not looked at again | batch | ahead: copied before the first change, or known to
//                                  |       | be new, and then left out
//     -----------------------------+-------+---------------------------------------------------
//                                           position
//
// Behind the last batch the copies are written. So each element of that moment is written exactly
// once, in any order. Growing and shrinking do not change the order of positions.
//
// The writing functions run on a stack of their own (fiber.h) and can be interrupted within an
// element. If a command changes just this element, it is written completely first.

#include <cstdint>
#include <vector>

#include "larder/memory/heap.h"
#include "larder/persistence/rdb_file_writer.h"
#include "larder/types/before_element.h"
#include "larder/types/hash_table.h"
#include "larder/types/ranked_set.h"
#include "larder/types/set_member.h"
#include "larder/types/type.h"
#include "old_elements.h"

namespace larder::persistence {

class ElementOverlay final : public types::BeforeElement, public RdbBody {
 public:
  class Host {
   public:
    // Continues the writing until it calls pause().
    virtual void finish_element() = 0;
    // Called by the writing functions: interrupts them, always or if the time is over.
    virtual void pause() = 0;
    virtual void pause_if_late() = 0;

   protected:
    ~Host() = default;
  };

  // Whether a value consists of elements in a table.
  static bool supports(types::Type type, const void* storage);

  // The value as it is now, without the fields that are past their deadline at `now_ms`. The bytes
  // that the copies take are added to `total_bytes`.
  ElementOverlay(Host& host, const RdbStorage& value, std::int64_t now_ms,
                 std::size_t& total_bytes);
  ~ElementOverlay();
  ElementOverlay(const ElementOverlay&) = delete;
  ElementOverlay& operator=(const ElementOverlay&) = delete;

  // To be called before write(): false if the value has no elements. Cost: a walk over a hash that
  // has fields with a deadline.
  bool count();
  void write(RdbWriter& out) override;

  // The writing was interrupted within an element of more than kLong bytes.
  static constexpr std::size_t kLong = 256 << 10;
  bool is_within_long_element() const { return element_bytes_ > kLong; }

  void before_change(std::string_view name, std::uint64_t hash, const void* element) override;

 private:
  template <typename Fn>
  auto with_table(Fn fn) const;
  void watch(types::BeforeElement* hook);

  template <typename Traits, typename Fn>
  void walk(const types::Table<Traits>& table, Fn fn);
  template <typename Traits>
  void collect(const types::Table<Traits>& table);
  template <typename Traits>
  void leave_out(const types::Table<Traits>& table, std::size_t in_first_bucket,
                 std::uint64_t begin);

  bool has_passed(std::uint64_t hash, const void* element);
  void keep(std::string_view name, std::uint64_t hash, const void* element);
  void count_field(const types::HashField& field);
  void note_bytes();

  void write_head(RdbWriter& out);
  void put(const types::HashField& field, RdbWriter& out);
  void put(const types::SetMember& member, RdbWriter& out);
  void put(const types::RankedMember& member, RdbWriter& out);
  void put(const OldElement& old, RdbWriter& out);
  void put_field(std::string_view name, const types::String& value,
                 std::optional<std::int64_t> deadline_ms, RdbWriter& out);
  void put_score(std::string_view member, double score, RdbWriter& out);

  Host& host_;
  const RdbStorage value_;
  const std::int64_t now_ms_;
  std::size_t& total_bytes_;
  std::size_t noted_bytes_ = 0;
  OldElements old_;

  // The walk: of counting, then of writing.
  std::uint64_t position_ = 0;
  bool is_last_ = false;  // nothing is ahead of the batch
  std::vector<const void*, memory::Allocator<const void*, memory::Owner::snapshot>> batch_;
  std::size_t at_ = 0;             // the element of the batch that is being written
  std::size_t element_bytes_ = 0;  // its size and 1, or 0 between elements
  bool must_pause_ = false;        // behind this element
  bool is_counted_ = true;
  bool takes_changes_ = true;

  std::size_t elements_ = 0;
  std::size_t written_ = 0;
  std::int64_t earliest_ms_ = types::HashTable::kNever;  // deadline of a field
  bool has_deadlines_ = false;                           // they are written
};

}  // namespace larder::persistence
