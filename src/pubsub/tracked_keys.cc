#include "larder/pubsub/tracked_keys.h"

#include <algorithm>
#include <new>

#include "larder/base/hash.h"

namespace larder::pubsub {
namespace {

constexpr auto kOwner = memory::Owner::tracking;
// Up to this many keys are freed at once, more of them in steps.
constexpr std::size_t kFewKeys = 256;

std::size_t list_bytes(std::uint32_t room) { return room * sizeof(std::uint64_t); }

}  // namespace

TrackedKeys::~TrackedKeys() {
  clear();
  base::Budget unlimited = base::Budget::unlimited();
  free_some(unlimited);
}

bool TrackedKeys::remember(std::string_view name, std::uint64_t reader, const Readers& readers) {
  const std::uint64_t hash = base::hash_bytes(name);
  if (TrackedKey* const known = keys_.find(name, hash)) {
    add(*known, reader, readers);
    return false;
  }
  void* const block = memory::allocate(kOwner, sizeof(TrackedKey) + name.size());
  auto* const key = new (block) TrackedKey{
      .hash = hash, .name_bytes = static_cast<std::uint32_t>(name.size()), .reader = reader};
  std::copy(name.begin(), name.end(), reinterpret_cast<char*>(key + 1));
  keys_.insert(key, hash);
  ++items_;
  return true;
}

void TrackedKeys::add(TrackedKey& key, std::uint64_t reader, const Readers& readers) {
  const auto position = [&key, reader] {
    const auto all = key.all();
    return std::lower_bound(all.begin(), all.end(), reader);
  };
  auto at = position();
  if (at != key.all().end() && *at == reader) return;
  if (key.count == key.room) {
    make_room(key, readers);
    at = position();
  }
  const auto place = at - key.all().begin();
  ++key.count;
  ++items_;
  const auto all = key.all();
  std::copy_backward(all.begin() + place, all.end() - 1, all.end());
  all[static_cast<std::size_t>(place)] = reader;
}

// Drops readers that have ended, and grows the list if this does not free enough room.
void TrackedKeys::make_room(TrackedKey& key, const Readers& readers) {
  const auto all = key.all();
  const auto gone = std::remove_if(all.begin(), all.end(),
                                   [&readers](std::uint64_t id) { return !readers.is_reader(id); });
  const auto kept = static_cast<std::uint32_t>(gone - all.begin());
  items_ -= key.count - kept;
  key.count = kept;
  if (kept <= key.room / 2) return;
  const std::uint32_t room = 2 * key.room;
  if (key.room == 1) {
    const std::uint64_t only = key.reader;
    key.readers = static_cast<std::uint64_t*>(memory::allocate(kOwner, list_bytes(room)));
    key.readers[0] = only;
  } else {
    key.readers = static_cast<std::uint64_t*>(
        memory::reallocate(kOwner, key.readers, list_bytes(key.room), list_bytes(room)));
  }
  key.room = room;
}

void TrackedKeys::destroy(TrackedKey* key) {
  if (key->room > 1) memory::release(kOwner, key->readers, list_bytes(key->room));
  memory::release(kOwner, key, key->bytes());
}

void TrackedKeys::clear() {
  items_ = 0;
  if (keys_.empty()) return;
  const bool few = keys_.size() <= kFewKeys;
  dead_.push_back(std::move(keys_));
  keys_ = Table();
  if (!few) return;
  base::Budget unlimited = base::Budget::unlimited();
  dead_.back().clear_some(unlimited, &destroy);
  dead_.pop_back();
}

bool TrackedKeys::free_some(base::Budget& budget) {
  while (!dead_.empty()) {
    if (!dead_.back().clear_some(budget, &destroy)) return false;
    dead_.pop_back();
  }
  return true;
}

std::size_t TrackedKeys::held_bytes(const Table& keys) {
  std::size_t bytes = keys.bytes();
  keys.for_each([&bytes](const TrackedKey* key) {
    bytes += memory::size_class(key->bytes());
    if (key->room > 1) bytes += memory::size_class(list_bytes(key->room));
  });
  return bytes;
}

std::size_t TrackedKeys::held_bytes() const {
  std::size_t bytes = held_bytes(keys_);
  for (const Table& dead : dead_) bytes += held_bytes(dead);
  return bytes;
}

}  // namespace larder::pubsub
