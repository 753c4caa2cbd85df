#include "owed_values.h"

#include <algorithm>
#include <utility>

#include "larder/memory/ledger.h"

namespace larder::persistence {

OwedValues::OwedValues(keyspace::Graveyard& graveyard) : graveyard_(graveyard) {
  graveyard_.set_keeper(this);
}

OwedValues::~OwedValues() {
  drop_all();
  graveyard_.set_keeper(nullptr);
}

void OwedValues::add(OwedValue value) { values_.push_back(std::move(value)); }

bool OwedValues::has(const void* storage) const {
  return std::any_of(values_.begin(), values_.end(),
                     [storage](const OwedValue& value) { return value.storage == storage; });
}

void OwedValues::hurry(const void* storage) {
  const auto found =
      std::find_if(values_.begin(), values_.end(),
                   [storage](const OwedValue& value) { return value.storage == storage; });
  if (found == values_.end() || found - values_.begin() < 2) return;
  std::rotate(values_.begin() + 1, found, found + 1);
}

bool OwedValues::keep(types::Type type, void* storage) {
  for (OwedValue& value : values_) {
    if (value.storage != storage) continue;
    const std::size_t bytes = types::row(type).footprint(storage);
    memory::transfer(types::row(type).owner, memory::Owner::snapshot,
                     static_cast<std::int64_t>(bytes));
    value.is_kept = true;
    kept_bytes_ += bytes;
    return true;
  }
  return false;
}

void OwedValues::give_back(const OwedValue& value) {
  if (!value.is_kept) return;
  const std::size_t bytes = types::row(value.type).footprint(value.storage);
  memory::transfer(memory::Owner::snapshot, types::row(value.type).owner,
                   static_cast<std::int64_t>(bytes));
  kept_bytes_ -= bytes;
  graveyard_.defer_free(value.type, value.storage);
}

void OwedValues::drop_first() {
  const OwedValue value = std::move(values_.front());
  values_.erase(values_.begin());
  give_back(value);
}

void OwedValues::drop_all() {
  const auto values = std::exchange(values_, {});
  for (const OwedValue& value : values) give_back(value);
}

std::size_t OwedValues::held_bytes() const {
  std::size_t bytes = kept_bytes_;
  if (values_.capacity() > 0) bytes += memory::size_class(values_.capacity() * sizeof(OwedValue));
  for (const OwedValue& value : values_) {
    if (value.name.capacity() > 0) bytes += memory::size_class(value.name.capacity());
  }
  return bytes;
}

}  // namespace larder::persistence
