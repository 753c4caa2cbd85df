#include "unwritten_values.h"

#include <utility>

#include "larder/base/hash.h"
#include "larder/memory/ledger.h"

namespace larder::persistence {
namespace {

constexpr auto kOwner = memory::Owner::snapshot;

}  // namespace

std::uint64_t UnwrittenValues::Traits::hash(const void* storage) {
  void* const address = const_cast<void*>(storage);
  return base::hash_bytes(key(address));
}

UnwrittenValues::UnwrittenValues(keyspace::Graveyard& graveyard) : graveyard_(graveyard) {
  graveyard_.set_keeper(this);
}

UnwrittenValues::~UnwrittenValues() {
  drop_all();
  graveyard_.set_keeper(nullptr);
}

std::size_t UnwrittenValues::own_bytes(const UnwrittenValue& value) {
  const std::size_t name = value.name.capacity();
  return memory::size_class(sizeof(UnwrittenValue)) + (name == 0 ? 0 : memory::size_class(name));
}

void UnwrittenValues::link_behind(UnwrittenValue* previous, UnwrittenValue& value) {
  value.previous = previous;
  value.next = previous == nullptr ? first_ : previous->next;
  (previous == nullptr ? first_ : previous->next) = &value;
  (value.next == nullptr ? last_ : value.next->previous) = &value;
}

void UnwrittenValues::unlink(UnwrittenValue& value) {
  (value.previous == nullptr ? first_ : value.previous->next) = value.next;
  (value.next == nullptr ? last_ : value.next->previous) = value.previous;
}

UnwrittenValue& UnwrittenValues::add(const Parts& parts) {
  const std::string_view name = parts.head.name;
  auto* value = new (memory::allocate(kOwner, sizeof(UnwrittenValue)))
      UnwrittenValue{.db = parts.db,
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

void UnwrittenValues::watch_elements(UnwrittenValue& value, ElementOverlay::Host& host,
                                     std::int64_t now_ms) {
  value.overlay.emplace(host, value.value(), now_ms, overlay_bytes_);
}

UnwrittenValue* UnwrittenValues::find(const void* storage) const {
  if (empty()) return nullptr;
  void* const address = const_cast<void*>(storage);
  return index_.find(Traits::key(address), Traits::hash(address));
}

void UnwrittenValues::write_next(UnwrittenValue& value) {
  if (&value == first_ || value.previous == first_) return;
  unlink(value);
  link_behind(first_, value);
}

bool UnwrittenValues::keep(types::Type type, void* storage) {
  UnwrittenValue* const value = find(storage);
  if (value == nullptr) return false;
  const std::size_t bytes = types::row(type).footprint(storage);
  memory::transfer(types::row(type).owner, kOwner, static_cast<std::int64_t>(bytes));
  value->is_kept = true;
  bytes_ += bytes;
  return true;
}

void UnwrittenValues::drop(UnwrittenValue& value) {
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

void UnwrittenValues::drop_first() { drop(*first_); }

void UnwrittenValues::drop_all() {
  while (first_ != nullptr) drop(*first_);
}

}  // namespace larder::persistence
