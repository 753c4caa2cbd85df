#include "larder/pubsub/tracked_prefixes.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"
#include "larder/base/budget.h"
#include "larder/base/hash.h"
#include "larder/pubsub/tracker.h"

namespace larder::pubsub {
namespace {

constexpr auto kOwner = memory::Owner::tracking;

bool stands_before(const TrackedPrefix* one, const TrackedPrefix* other) {
  return one->name() < other->name();
}

}  // namespace

TrackedPrefixes::~TrackedPrefixes() { LARDER_ASSERT(prefixes_.empty()); }

std::vector<TrackedPrefixes::Length>::iterator TrackedPrefixes::length_at(std::size_t bytes) {
  return std::lower_bound(
      lengths_.begin(), lengths_.end(), bytes,
      [](const Length& length, std::size_t wanted) { return length.bytes < wanted; });
}

TrackedPrefix& TrackedPrefixes::prefix_for(std::string_view name) {
  const std::uint64_t hash = base::hash_bytes(name);
  if (TrackedPrefix* const known = prefixes_.find(name, hash)) return *known;
  void* const block = memory::allocate(kOwner, sizeof(TrackedPrefix) + name.size());
  auto* const prefix = new (block)
      TrackedPrefix{.hash = hash, .name_bytes = name.size(), .trackers = {}, .changed = {}};
  std::copy(name.begin(), name.end(), reinterpret_cast<char*>(prefix + 1));
  prefixes_.insert(prefix, hash);
  const auto length = length_at(name.size());
  if (length != lengths_.end() && length->bytes == name.size()) {
    ++length->prefixes;
  } else {
    lengths_.insert(length, {name.size(), 1});
  }
  return *prefix;
}

void TrackedPrefixes::add(Tracker& tracker, std::string_view name) {
  TrackedPrefix& prefix = prefix_for(name);
  const auto at =
      std::lower_bound(tracker.prefixes.begin(), tracker.prefixes.end(), &prefix, &stands_before);
  if (at != tracker.prefixes.end() && *at == &prefix) return;
  tracker.prefixes.insert(at, &prefix);
  prefix.trackers.push_back(&tracker);
}

void TrackedPrefixes::remove(Tracker& tracker) {
  for (TrackedPrefix* prefix : tracker.prefixes) {
    auto& trackers = prefix->trackers;
    trackers.erase(std::find(trackers.begin(), trackers.end(), &tracker));
    if (trackers.empty()) drop(*prefix);
  }
  tracker.prefixes = {};
}

void TrackedPrefixes::drop(TrackedPrefix& prefix) {
  if (!prefix.changed.empty()) {
    std::erase(changed_, &prefix);
    forget_changes(prefix);
  }
  const auto length = length_at(prefix.name_bytes);
  if (--length->prefixes == 0) lengths_.erase(length);
  prefixes_.erase(&prefix, prefix.hash);
  const std::size_t bytes = prefix.bytes();
  prefix.~TrackedPrefix();
  memory::release(kOwner, &prefix, bytes);
}

void TrackedPrefixes::note(std::string_view key, std::uint64_t writer) {
  for (const Length& length : lengths_) {
    if (length.bytes > key.size()) break;
    const std::string_view start = key.substr(0, length.bytes);
    TrackedPrefix* const prefix = prefixes_.find(start, base::hash_bytes(start));
    if (prefix != nullptr) note(*prefix, key, writer);
  }
}

void TrackedPrefixes::note(TrackedPrefix& prefix, std::string_view key, std::uint64_t writer) {
  const std::uint64_t hash = base::hash_bytes(key);
  if (ChangedKey* const known = prefix.changed.find(key, hash)) {
    known->writer = writer;
    return;
  }
  if (prefix.changed.empty()) changed_.push_back(&prefix);
  void* const block = memory::allocate(kOwner, sizeof(ChangedKey) + key.size());
  auto* const changed =
      new (block) ChangedKey{.hash = hash, .writer = writer, .name_bytes = key.size()};
  std::copy(key.begin(), key.end(), reinterpret_cast<char*>(changed + 1));
  prefix.changed.insert(changed, hash);
}

void TrackedPrefixes::sort_changed() {
  std::sort(changed_.begin(), changed_.end(), &stands_before);
}

TrackedPrefixes::Keys TrackedPrefixes::keys_of(const TrackedPrefix& prefix) {
  Keys keys;
  keys.reserve(prefix.changed.size());
  prefix.changed.for_each([&keys](const ChangedKey* key) { keys.push_back(key); });
  std::sort(keys.begin(), keys.end(), [](const ChangedKey* one, const ChangedKey* other) {
    return one->name() < other->name();
  });
  return keys;
}

void TrackedPrefixes::forget_changes(TrackedPrefix& prefix) {
  base::Budget unlimited = base::Budget::unlimited();
  prefix.changed.clear_some(unlimited,
                            [](ChangedKey* key) { memory::release(kOwner, key, key->bytes()); });
}

std::size_t TrackedPrefixes::held_bytes() const {
  std::size_t bytes = prefixes_.bytes();
  prefixes_.for_each([&bytes](const TrackedPrefix* prefix) {
    bytes += memory::size_class(prefix->bytes()) + prefix->changed.bytes();
    if (prefix->trackers.capacity() > 0) {
      bytes += memory::size_class(prefix->trackers.capacity() * sizeof(Tracker*));
    }
    prefix->changed.for_each(
        [&bytes](const ChangedKey* key) { bytes += memory::size_class(key->bytes()); });
  });
  return bytes;
}

}  // namespace larder::pubsub
