#include "owed_values.h"

#include <utility>

#include "larder/base/hash.h"
#include "larder/memory/ledger.h"

namespace larder::persistence {
namespace {

constexpr auto kOwner = memory::Owner::snapshot;

}  // namespace

std::uint64_t OwedValues::Traits::hash(const void* storage) {
  void* const address = const_cast<void*>(storage);
  return base::hash_bytes(key(address));
}

OwedValues::OwedValues(keyspace::Graveyard& graveyard) : graveyard_(graveyard) {
  graveyard_.set_keeper(this);
}

OwedValues::~OwedValues() {
  drop_all();
  graveyard_.set_keeper(nullptr);
}

std::size_t OwedValues::own_bytes(const OwedValue& value) {
  const std::size_t name = value.name.capacity();
  return memory::size_class(sizeof(OwedValue)) + (name == 0 ? 0 : memory::size_class(name));
}

void OwedValues::link_behind(OwedValue* previous, OwedValue& value) {
  value.previous = previous;
  value.next = previous == nullptr ? first_ : previous->next;
  (previous == nullptr ? first_ : previous->next) = &value;
  (value.next == nullptr ? last_ : value.next->previous) = &value;
}

void OwedValues::unlink(OwedValue& value) {
  (value.previous == nullptr ? first_ : value.previous->next) = value.next;
  (value.next == nullptr ? last_ : value.next->previous) = value.previous;
}

OwedValue& OwedValues::add(const Parts& parts) {
  const std::string_view name = parts.head.name;
  auto* value = new (memory::allocate(kOwner, sizeof(OwedValue)))
      OwedValue{.db = parts.db,
                .name = {name.begin(), name.end()},
                .deadline_ms = parts.head.deadline_ms,
                .use = parts.head.use,
                .type = parts.type,
                .storage = parts.storage};
  bytes_ += own_bytes(*value);
  link_behind(last_, *value);
  index_.insert(value, Traits::hash(value->storage));
  return *value;
}

void OwedValues::watch_elements(OwedValue& value, ElementOverlay::Host& host, std::int64_t now_ms) {
  value.overlay.emplace(host, value.value(), now_ms, overlay_bytes_);
}

OwedValue* OwedValues::find(const void* storage) const {
  if (empty()) return nullptr;
  void* const address = const_cast<void*>(storage);
  return index_.find(Traits::key(address), Traits::hash(address));
}

void OwedValues::hurry(OwedValue& value) {
  if (&value == first_ || value.previous == first_) return;
  unlink(value);
  link_behind(first_, value);
}

bool OwedValues::keep(types::Type type, void* storage) {
  OwedValue* const value = find(storage);
  if (value == nullptr) return false;
  const std::size_t bytes = types::row(type).footprint(storage);
  memory::transfer(types::row(type).owner, kOwner, static_cast<std::int64_t>(bytes));
  value->is_kept = true;
  bytes_ += bytes;
  return true;
}

void OwedValues::drop(OwedValue& value) {
  unlink(value);
  index_.erase(&value, Traits::hash(value.storage));
  bytes_ -= own_bytes(value);
  value.overlay.reset();
  if (value.is_kept) {
    const std::size_t bytes = types::row(value.type).footprint(value.storage);
    memory::transfer(kOwner, types::row(value.type).owner, static_cast<std::int64_t>(bytes));
    bytes_ -= bytes;
    graveyard_.defer_free(value.type, value.storage);
  }
  memory::destroy(kOwner, &value);
}

void OwedValues::drop_first() { drop(*first_); }

void OwedValues::drop_all() {
  while (first_ != nullptr) drop(*first_);
}

}  // namespace larder::persistence
