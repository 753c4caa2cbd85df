#pragma once

// A large hash: a Table of fields, and a summary of their deadlines. Part of hash.h.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "larder/types/before_element.h"
#include "larder/types/hash_field.h"
#include "larder/types/relocation.h"
#include "larder/types/table_fill.h"

namespace larder::types {

// Whether a field that gets a new value keeps the deadline it has.
enum class FieldDeadline : std::uint8_t { drop, keep };

class HashTable {
 public:
  using Fields = Table<HashFieldTraits>;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  static HashTable* create();
  static HashTable* copy(const HashTable& source);
  // Frees it a step at a time; true when nothing is left.
  static bool destroy_some(HashTable* table, memory::Owner owner, base::Budget& budget);
  // See TypeRow::relocate_some. Returns the table, which may have moved.
  static HashTable* relocate_some(HashTable* table, Relocation& walk, memory::Mover& mover,
                                  base::Budget& budget);

  // Those past their deadline included.
  std::size_t size() const { return fields_.size(); }
  const Fields& fields() const { return fields_; }
  // Is called before each change of a field from now on; null: nothing is.
  void watch(BeforeElement* hook) { hook_ = hook; }
  std::size_t footprint() const {
    return memory::dataset_class(sizeof(HashTable)) + fields_.bytes() + field_bytes_;
  }

  const HashField* find(std::string_view name, std::int64_t now_ms) const {
    const HashField* field = fields_.find(name, base::hash_bytes(name));
    return field != nullptr && field->live(now_ms) ? field : nullptr;
  }
  // True when there was no such field, or one past its deadline.
  bool set(std::string_view name, std::string_view value, std::int64_t now_ms,
           FieldDeadline deadline);
  // Prepares an empty table for this many fields (table.h).
  void reserve(std::size_t fields) { fields_.reserve(fields); }
  // No field of this name may be there.
  void add(std::string_view name, std::string_view value);
  bool erase(std::string_view name, std::int64_t now_ms);
  bool is_expired(std::string_view name, std::int64_t now_ms) const {
    const HashField* field = fields_.find(name, base::hash_bytes(name));
    return field != nullptr && !field->live(now_ms);
  }
  // False when there is no such field.
  bool set_deadline(std::string_view name, std::optional<std::int64_t> deadline_ms,
                    std::int64_t now_ms);

  // Adds many fields of different names to a table, in the order that costs least.
  class Fill {
   public:
    // Reserves room in an empty table for this many fields.
    Fill(HashTable& table, std::size_t fields);
    ~Fill() { finish(); }
    Fill(const Fill&) = delete;
    Fill& operator=(const Fill&) = delete;

    void add(std::string_view name, std::string_view value);
    void add(std::string_view name, std::string_view value, std::int64_t deadline_ms);
    // All fields are in the table now. False if a name was there already; such fields are left out.
    bool finish();

   private:
    void insert(HashField* field, std::string_view name);
    void leave_out(HashField* field);

    HashTable& table_;
    TableFill<HashFieldTraits> fields_;
    bool all_new_ = true;
  };

  // Whether fields have a deadline, and a time before which none is due.
  bool has_deadlines() const { return expiring_ != 0; }
  std::int64_t no_deadline_before() const { return soonest_; }
  // When expire_some() may find something again; kNever when no field has a deadline.
  std::int64_t next_deadline() const { return std::max(soonest_, next_lap_ms_); }
  // Some fields may be past their deadline: none is before the earliest that was ever set since
  // the last lap.
  bool stale(std::int64_t now_ms) const { return soonest_ <= now_ms; }

  // Removes fields past their deadline from `lines` buckets; calls fn(name) for each before it is
  // removed. True if the end of the hash has been reached, so that next_deadline() is exact again.
  template <typename Fn>
  bool expire_some(std::int64_t now_ms, std::size_t lines, Fn fn);

 private:
  HashTable() = default;
  ~HashTable() = default;

  void before_change(std::string_view name, std::uint64_t hash, const HashField* field) {
    if (__builtin_expect(hook_ != nullptr, 0)) hook_->before_change(name, hash, field);
  }
  void note_deadline(std::int64_t deadline_ms) {
    if (deadline_ms < soonest_) soonest_ = deadline_ms;
    if (deadline_ms < lap_soonest_) lap_soonest_ = deadline_ms;
  }
  // The field has moved there, or only its deadline or size has changed.
  void account(std::size_t footprint_before, bool had_deadline, const HashField& field);
  void lost_deadline() {
    if (--expiring_ == 0) soonest_ = kNever;
  }
  void begin_lap();
  void end_lap(std::int64_t now_ms);

  Fields fields_;
  std::size_t field_bytes_ = 0;
  // How many fields have a deadline, and a time before which none is due.
  std::size_t expiring_ = 0;
  std::int64_t soonest_ = kNever;
  // The walk of expire_some(): its position, the earliest deadline it has found, and the number of
  // slots at its start.
  std::uint64_t lap_cursor_ = 0;
  std::int64_t lap_soonest_ = kNever;
  std::uint64_t lap_slots_ = 0;
  // No walk starts before this time.
  std::int64_t next_lap_ms_ = 0;
  BeforeElement* hook_ = nullptr;
};

template <typename Fn>
bool HashTable::expire_some(std::int64_t now_ms, std::size_t lines, Fn fn) {
  if (next_deadline() > now_ms) return true;
  if (lap_cursor_ == 0) begin_lap();
  std::int64_t soonest = kNever;
  lap_cursor_ = fields_.sweep(lap_cursor_, {}, lines, [&](HashField* field) {
    if (!field->has_deadline()) return Verdict::keep;
    if (field->live(now_ms)) {
      soonest = field->deadline_ms() < soonest ? field->deadline_ms() : soonest;
      return Verdict::keep;
    }
    fn(field->name());
    if (hook_ != nullptr) before_change(field->name(), HashFieldTraits::hash(*field), field);
    field_bytes_ -= field->footprint();
    --expiring_;
    HashField::destroy(HashFieldTraits::kOwner, field);
    return Verdict::erase;
  });
  if (soonest < lap_soonest_) lap_soonest_ = soonest;
  if (lap_cursor_ != 0 && !fields_.empty()) return false;
  end_lap(now_ms);
  return true;
}

}  // namespace larder::types
