#include "larder/keyspace/audit_walk.h"

#include <algorithm>
#include <utility>

#include "larder/keyspace/prefetch.h"

namespace larder::keyspace {
namespace {

// Entries counted in one step; their cache misses overlap.
constexpr std::size_t kAtOnce = 96;
// Room for the last bucket of a step.
constexpr std::size_t kRoom = 2 * kAtOnce;
// The graveyard is walked in one step if it holds at most this many pieces.
constexpr std::size_t kMostInGraveyard = 2048;
// Above this many changed entries, each further change counts two of the oldest again. The entries
// that a command has open are the newest.
constexpr std::size_t kMostChanged = 32 << 10;
// Changed entries that were counted again are removed from the list in groups of this size.
constexpr std::size_t kErasedAtOnce = 4096;

std::size_t index(const Entry& entry) { return static_cast<std::size_t>(entry.type()); }

std::int64_t size_of(const Entry& entry) { return static_cast<std::int64_t>(entry.footprint()); }

}  // namespace

AuditWalk::AuditWalk(Keyspace& keyspace) : keyspace_(keyspace), parts_(keyspace.databases()) {
  keyspace_.before_changes().add(*this);
}

AuditWalk::~AuditWalk() {
  keyspace_.before_changes().remove(*this);
  for (std::size_t i = first_; i < changed_.size(); ++i) {
    const Database& db = keyspace_.db(static_cast<std::size_t>(changed_[i].db));
    Entry* const entry = db.find_hashed(changed_[i].hash);
    if (entry != nullptr) entry->unmark(Entry::kAuditMark);
  }
  keyspace_.return_mark(Entry::kAuditMark);
}

bool AuditWalk::has_passed(int db, std::uint64_t hash) const {
  const Part& part = parts_[static_cast<std::size_t>(db)];
  if (part.passed_all) return true;
  const Database& database = keyspace_.db(static_cast<std::size_t>(db));
  return database.entries().cursor_of(hash) < part.cursor;
}

void AuditWalk::before_change(int db, std::uint64_t hash, Entry& entry, Intent intent) {
  if (entry.is_marked(Entry::kAuditMark) || !has_passed(db, hash)) return;
  part(db).bytes[index(entry)] -= size_of(entry);
  if (intent != Intent::removes) note(db, hash, entry);
}

void AuditWalk::placed(int db, std::uint64_t hash, Entry& entry, const Entry* before) {
  if (before == nullptr && has_passed(db, hash)) note(db, hash, entry);
}

void AuditWalk::note(int db, std::uint64_t hash, Entry& entry) {
  entry.mark(Entry::kAuditMark);
  changed_.push_back({hash, db});
  for (int i = 0; i < 2 && pending() > kMostChanged; ++i) count_oldest();
}

void AuditWalk::before_flush(int db) { part(db) = {}; }

void AuditWalk::before_swap(int a, int b) {
  std::swap(part(a), part(b));
  for (std::size_t i = first_; i < changed_.size(); ++i) {
    int& db = changed_[i].db;
    db = db == a ? b : db == b ? a : db;
  }
}

// An entry that was removed, flushed, or counted again already has no mark.
void AuditWalk::count_oldest() {
  const Changed changed = changed_[first_++];
  const Database& db = keyspace_.db(static_cast<std::size_t>(changed.db));
  Entry* const entry = db.find_hashed(changed.hash);
  if (entry != nullptr && entry->is_marked(Entry::kAuditMark)) {
    entry->unmark(Entry::kAuditMark);
    part(changed.db).bytes[index(*entry)] += size_of(*entry);
  }
  if (first_ < kErasedAtOnce && first_ < changed_.size()) return;
  changed_.erase(changed_.begin(), changed_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

void AuditWalk::walk(std::size_t number) {
  const EntryTable& entries = keyspace_.db(number).entries();
  Part& part = parts_[number];
  std::array<const Entry*, kRoom> found;
  std::size_t count = 0;
  std::size_t in_first_bucket = 0;
  std::uint64_t cursor = part.cursor;
  do {
    cursor = entries.scan(cursor, [&](const Entry* entry) {
      base::prefetch(entry);
      if (count < kRoom) found[count++] = entry;
    });
    if (in_first_bucket == 0) in_first_bucket = count;
  } while (cursor != 0 && count < kAtOnce);
  for (std::size_t i = 0; i < count; ++i) prefetch_storage(*found[i]);
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = *found[i];
    // The bucket at the cursor may have been merged with those before it.
    if (i < in_first_bucket && entries.cursor_of(EntryTraits::hash(entry)) < part.cursor) continue;
    part.bytes[index(entry)] += size_of(entry);
  }
  part.cursor = cursor;
  part.passed_all = cursor == 0;
}

bool AuditWalk::step() {
  for (std::size_t i = 0; i < kAtOnce && pending() > 0; ++i) count_oldest();
  const auto next =
      std::find_if(parts_.begin(), parts_.end(), [](const Part& part) { return !part.passed_all; });
  if (next != parts_.end()) {
    walk(static_cast<std::size_t>(next - parts_.begin()));
    return false;
  }
  if (pending() > 0) return false;
  Graveyard& graveyard = keyspace_.graveyard();
  if (graveyard.pieces() <= kMostInGraveyard) return true;
  graveyard.drain_a_little(keyspace_.clock());
  return false;
}

void AuditWalk::report_bytes(memory::Audit& audit) const {
  for (std::size_t type = 0; type < types::kTypes; ++type) {
    std::int64_t bytes = 0;
    for (const Part& part : parts_) bytes += part.bytes[type];
    audit.found(types::row(static_cast<types::Type>(type)).owner, bytes);
  }
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) {
    const Database& db = keyspace_.db(i);
    audit.found(memory::Owner::table, static_cast<std::int64_t>(db.entries().bytes()));
    audit.found(memory::Owner::expires,
                static_cast<std::int64_t>(db.expires().bytes() + db.element_expires().bytes()));
  }
  keyspace_.graveyard().report_bytes(audit);
}

std::size_t AuditWalk::held_bytes() const {
  const std::size_t changed = changed_.capacity() * sizeof(Changed);
  return memory::size_class(parts_.capacity() * sizeof(Part)) +
         (changed == 0 ? 0 : memory::size_class(changed));
}

}  // namespace larder::keyspace
