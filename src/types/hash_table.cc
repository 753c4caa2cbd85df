#include "larder/types/hash_table.h"

#include <algorithm>
#include <array>
#include <new>

#include "relocate_table.h"

namespace larder::types {
namespace {

constexpr memory::Owner kOwner = HashFieldTraits::kOwner;
// A walk can miss a field if the table changes its shape during the walk. After such a walk another
// one follows within this time.
constexpr std::int64_t kSecondLookMs = 1000;
// A walk reads every field, some 30 ns each, and may take a few hundredths of the time.
constexpr std::size_t kFieldsPerRestMs = 1000;

// Copies fields into a table with their order, some at a time, so that the fields, which may be
// scattered, are fetched in parallel.
class FieldCopies {
 public:
  explicit FieldCopies(HashTable::Fields& to) : to_(to) {}

  void add(const HashField* field) {
    base::prefetch(field);
    fields_[size_++] = field;
    if (size_ == fields_.size()) flush();
  }
  void flush() {
    for (std::size_t i = 0; i < size_; ++i) {
      to_.insert_copy(HashField::copy(*fields_[i]), HashFieldTraits::hash(*fields_[i]));
    }
    size_ = 0;
  }

 private:
  HashTable::Fields& to_;
  std::array<const HashField*, 32> fields_;
  std::size_t size_ = 0;
};

}  // namespace

HashTable* HashTable::create() {
  return new (memory::allocate(kOwner, sizeof(HashTable))) HashTable;
}

HashTable* HashTable::copy(const HashTable& source) {
  HashTable* copy = create();
  copy->fields_.prepare_copies(source.fields_);
  FieldCopies copies(copy->fields_);
  source.fields_.for_each([&copies](const HashField* field) { copies.add(field); });
  copies.flush();
  copy->field_bytes_ = source.field_bytes_;
  copy->expiring_ = source.expiring_;
  copy->soonest_ = source.soonest_;
  return copy;
}

bool HashTable::destroy_some(HashTable* table, memory::Owner owner, base::Budget& budget) {
  // The table releases its blocks from its own owner, so they are moved back to it first.
  const auto blocks = static_cast<std::int64_t>(table->fields_.bytes());
  memory::transfer(owner, kOwner, blocks);
  const bool gone = table->fields_.clear_some(budget, [table, owner](HashField* field) {
    table->field_bytes_ -= field->footprint();
    HashField::destroy(owner, field);
  });
  memory::transfer(kOwner, owner, static_cast<std::int64_t>(table->fields_.bytes()));
  if (!gone) return false;
  table->~HashTable();
  memory::release(owner, table, sizeof(HashTable));
  return true;
}

HashTable* HashTable::relocate_some(HashTable* table, Relocation& walk, memory::Mover& mover,
                                    base::Budget& budget) {
  enum Part : std::uint8_t { kHead, kFields };
  if (table->hook_ != nullptr) {
    walk.done = true;
    return table;
  }
  if (walk.part == kHead) {
    if (memory::offer(mover, kOwner, table, sizeof(HashTable))) table->fields_.relocated();
    walk.begin(kFields);
  }
  walk.done = relocate_table(table->fields_, walk, mover, budget);
  return table;
}

void HashTable::account(std::size_t footprint_before, bool had_deadline, const HashField& field) {
  field_bytes_ += field.footprint() - footprint_before;
  if (field.has_deadline()) {
    if (!had_deadline) ++expiring_;
    note_deadline(field.deadline_ms());
  } else if (had_deadline) {
    lost_deadline();
  }
}

void HashTable::add(std::string_view name, std::string_view value) {
  HashField* field = HashField::create(name, value);
  field_bytes_ += field->footprint();
  fields_.insert(field, base::hash_bytes(name));
}

HashTable::Fill::Fill(HashTable& table, std::size_t fields)
    : table_(table), fields_(table.fields_, fields) {
  table.reserve(fields);
}

void HashTable::Fill::add(std::string_view name, std::string_view value) {
  HashField* field = HashField::create(name, value);
  table_.field_bytes_ += field->footprint();
  insert(field, name);
}

void HashTable::Fill::add(std::string_view name, std::string_view value, std::int64_t deadline_ms) {
  HashField* field = HashField::create(name, value, deadline_ms);
  table_.account(0, false, *field);
  insert(field, name);
}

void HashTable::Fill::insert(HashField* field, std::string_view name) {
  fields_.add(field, base::hash_bytes(name), [this](HashField* twin) { leave_out(twin); });
}

bool HashTable::Fill::finish() {
  fields_.flush([this](HashField* twin) { leave_out(twin); });
  return all_new_;
}

void HashTable::Fill::leave_out(HashField* field) {
  all_new_ = false;
  table_.field_bytes_ -= field->footprint();
  if (field->has_deadline()) table_.lost_deadline();
  HashField::destroy(kOwner, field);
}

bool HashTable::set(std::string_view name, std::string_view value, std::int64_t now_ms,
                    FieldDeadline deadline) {
  const std::uint64_t hash = base::hash_bytes(name);
  const Fields::Slot slot = fields_.find_slot(name, hash);
  before_change(name, hash, slot ? slot.element() : nullptr);
  if (!slot) {
    HashField* field = HashField::create(name, value);
    field_bytes_ += field->footprint();
    fields_.insert(field, hash);
    return true;
  }
  HashField* field = slot.element();
  const bool was_live = field->live(now_ms);
  const bool had_deadline = field->has_deadline();
  const bool keeps = deadline == FieldDeadline::keep && was_live;
  const std::size_t before = field->footprint();
  HashField* now = field->with_value(value, keeps ? field->deadline() : std::nullopt);
  if (now != field) slot.replace(now);
  account(before, had_deadline, *now);
  return !was_live;
}

bool HashTable::erase(std::string_view name, std::int64_t now_ms) {
  const std::uint64_t hash = base::hash_bytes(name);
  HashField* field = fields_.find(name, hash);
  if (field == nullptr || !field->live(now_ms)) return false;
  before_change(name, hash, field);
  fields_.erase(field, hash);
  field_bytes_ -= field->footprint();
  if (field->has_deadline()) lost_deadline();
  HashField::destroy(kOwner, field);
  return true;
}

bool HashTable::set_deadline(std::string_view name, std::optional<std::int64_t> deadline_ms,
                             std::int64_t now_ms) {
  const std::uint64_t hash = base::hash_bytes(name);
  const Fields::Slot slot = fields_.find_slot(name, hash);
  if (!slot || !slot.element()->live(now_ms)) return false;
  HashField* field = slot.element();
  before_change(name, hash, field);
  const bool had_deadline = field->has_deadline();
  const std::size_t before = field->footprint();
  HashField* now = field->with_deadline(deadline_ms);
  if (now != field) slot.replace(now);
  account(before, had_deadline, *now);
  return true;
}

void HashTable::begin_lap() {
  lap_soonest_ = kNever;
  lap_slots_ = fields_.slots();
}

void HashTable::end_lap(std::int64_t now_ms) {
  lap_cursor_ = 0;
  next_lap_ms_ = now_ms + static_cast<std::int64_t>(size() / kFieldsPerRestMs);
  soonest_ = expiring_ == 0 ? kNever : lap_soonest_;
  if (expiring_ != 0 && lap_slots_ != fields_.slots()) {
    soonest_ = std::min(soonest_, now_ms + kSecondLookMs);
  }
}

}  // namespace larder::types
