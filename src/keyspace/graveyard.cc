#include "larder/keyspace/graveyard.h"

#include <algorithm>
#include <utility>

#include "larder/types/type.h"

namespace larder::keyspace {
namespace {

using memory::Owner;

// Entries freed between two readings of the clock.
constexpr std::uint32_t kStepsBetweenLooks = 32;
// An empty list keeps capacity for this many.
constexpr std::size_t kKeptRoom = 1024;

// Above this many allocations an entry of a flushed table is freed in steps.
constexpr std::size_t kLargeEffort = 64;

// The time for freeing at the end of a turn: its minimum, and the bytes and entries for which it
// grows by a microsecond.
constexpr std::int64_t kLeastDrainUs = 200;
constexpr std::int64_t kBytesForUs = 16 << 10;
constexpr std::int64_t kEntriesForUs = 16;

bool has_large_effort(const Entry& entry) {
  return entry.form() == Form::storage &&
         types::row(entry.type()).free_effort(entry.storage()) > kLargeEffort;
}

bool is_large(const Entry& entry) {
  return has_large_effort(entry) || entry.footprint() >= types::Blob::kLarge;
}

template <typename List>
void trim(List& list) {
  if (list.empty() && list.capacity() > kKeptRoom) List().swap(list);
}

}  // namespace

void destroy_now(Owner owner, OpenEntry entry) {
  if (entry->form() == Form::storage) {
    base::Budget budget = base::Budget::unlimited();
    while (!types::row(entry->type()).destroy_some(entry.storage(), owner, budget)) {
    }
  }
  entry.release(owner);
}

Graveyard::~Graveyard() { drain(base::Budget::unlimited()); }

// An entry without its storage is freed like a small one.
void Graveyard::leave_storage(OpenEntry entry) const {
  const bool is_kept = entry->form() == Form::storage && keeper_ != nullptr &&
                       keeper_->keep(entry->type(), entry.storage());
  if (!is_kept) return;
  entry.rewrite({.key = entry->key(),
                 .deadline_ms = entry->deadline(),
                 .type = entry->type(),
                 .form = Form::integer});
}

void Graveyard::defer_free(OpenEntry entry, Freeing freeing) {
  leave_storage(entry);
  const auto bytes = static_cast<std::int64_t>(entry->footprint());
  memory::transfer(types::row(entry->type()).owner, Owner::graveyard, bytes);
  free_backlog_bytes_ += bytes;
  const bool lazily = freeing == Freeing::lazily && has_large_effort(*entry);
  (lazily ? lazy_entries_ : entries_).push_back(entry);
}

void Graveyard::defer_free(types::Type type, void* storage) {
  if (keeper_ != nullptr && keeper_->keep(type, storage)) return;
  const types::TypeRow& row = types::row(type);
  const auto bytes = static_cast<std::int64_t>(row.footprint(storage));
  memory::transfer(row.owner, Owner::graveyard, bytes);
  storages_.push_back({type, storage});
  free_backlog_bytes_ += bytes;
}

void Graveyard::defer_free(Tables&& tables) { tables_.push_back(std::move(tables)); }

std::size_t Graveyard::keys() const {
  std::size_t count = entries_.size() + lazy_entries_.size();
  for (const Tables& tables : tables_) count += tables.entries.size();
  return count;
}

std::size_t Graveyard::lazy_keys() const {
  std::size_t count = lazy_entries_.size();
  for (const Tables& tables : tables_) {
    if (tables.freeing == Freeing::lazily) count += tables.entries.size();
  }
  return count;
}

void Graveyard::count_result(std::size_t members) {
  if (members > kLargeEffort) ++freed_;
}

bool Graveyard::drain(base::Budget budget) {
  return drain_entries(entries_, budget) && drain_entries(lazy_entries_, budget) &&
         drain_storages(budget) && drain_tables(budget);
}

bool Graveyard::drain_a_little(const base::Clock& clock) { return drain(base::Budget(clock, 0)); }

void Graveyard::free_backlog(const base::Clock& clock, std::int64_t us) {
  const std::int64_t waiting = bytes();
  const std::int64_t removed = std::exchange(free_backlog_bytes_, 0);
  largest_ = std::max(waiting <= kMostBehind ? 0 : largest_, removed);
  const std::int64_t target = std::max(waiting - 2 * removed, kMostWaiting);
  if (waiting <= target) return;
  base::Budget budget(clock, us);
  while (!drain_a_little(clock) && bytes() > target && !budget.spent()) {
  }
}

std::int64_t Graveyard::drain_time_us() const {
  const auto entries =
      static_cast<std::int64_t>(entries_.size() + lazy_entries_.size() + storages_.size());
  const std::int64_t tables = tables_.empty() ? 0 : kMostDrainUs;
  const std::int64_t us = kLeastDrainUs + tables + bytes() / kBytesForUs + entries / kEntriesForUs;
  return std::min(us, kMostDrainUs);
}

bool Graveyard::drain_entries(List<OpenEntry>& entries, base::Budget& budget) {
  while (!entries.empty()) {
    const OpenEntry entry = entries.back();
    if (entry->form() == Form::storage &&
        !types::row(entry->type()).destroy_some(entry.storage(), Owner::graveyard, budget)) {
      return false;
    }
    entry.release(Owner::graveyard);
    entries.pop_back();
    if (&entries == &lazy_entries_) ++freed_;
    if (budget.spent(kStepsBetweenLooks)) break;
  }
  trim(entries);
  return entries.empty();
}

bool Graveyard::drain_storages(base::Budget& budget) {
  while (!storages_.empty()) {
    const Storage dead = storages_.back();
    if (!types::row(dead.type).destroy_some(dead.pointer, Owner::graveyard, budget)) return false;
    storages_.pop_back();
    if (budget.spent(kStepsBetweenLooks)) break;
  }
  trim(storages_);
  return storages_.empty();
}

bool Graveyard::drain_tables(base::Budget& budget) {
  while (!tables_.empty()) {
    if (!drain_table(tables_.back(), budget)) return false;
    tables_.pop_back();
  }
  trim(tables_);
  return true;
}

bool Graveyard::drain_table(Tables& dead, base::Budget& budget) {
  const bool gone = dead.entries.clear_some(budget, [this, &dead](Entry* flushed) {
    const OpenEntry entry(flushed);
    if (is_large(*entry)) return defer_free_large(entry, dead.freeing);
    destroy_now(types::row(entry->type()).owner, entry);
    if (dead.freeing == Freeing::lazily) ++freed_;
  });
  return gone && drain_entries(entries_, budget) && drain_entries(lazy_entries_, budget) &&
         dead.expires.clear_some(budget, [](Entry*) {}) &&
         dead.element_expires.clear_some(budget, [](Entry*) {});
}

// Commands do not free flushed data: it is freed at the ends of turns.
void Graveyard::defer_free_large(OpenEntry entry, Freeing freeing) {
  const auto bytes = static_cast<std::int64_t>(entry->footprint());
  memory::transfer(types::row(entry->type()).owner, Owner::graveyard, bytes);
  (freeing == Freeing::lazily ? lazy_entries_ : entries_).push_back(entry);
}

void Graveyard::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const auto* entries : {&entries_, &lazy_entries_}) {
    for (const OpenEntry& entry : *entries) bytes += entry->footprint();
  }
  for (const Storage& dead : storages_) bytes += types::row(dead.type).footprint(dead.pointer);
  const auto list_bytes = [](std::size_t capacity, std::size_t each) {
    return capacity == 0 ? 0 : memory::dataset_class(capacity * each);
  };
  bytes += list_bytes(entries_.capacity(), sizeof(OpenEntry));
  bytes += list_bytes(lazy_entries_.capacity(), sizeof(OpenEntry));
  bytes += list_bytes(storages_.capacity(), sizeof(Storage));
  bytes += list_bytes(tables_.capacity(), sizeof(Tables));
  audit.found(Owner::graveyard, bytes);
  for (const Tables& dead : tables_) {
    report_table_bytes(dead.entries, dead.expires, dead.element_expires, audit);
  }
}

void report_table_bytes(const EntryTable& entries, const ExpiresTable& expires,
                        const ElementExpiresTable& element_expires, memory::Audit& audit) {
  entries.for_each([&audit](const Entry* entry) {
    audit.found(types::row(entry->type()).owner, entry->footprint());
  });
  audit.found(Owner::table, entries.bytes());
  audit.found(Owner::expires, static_cast<std::int64_t>(expires.bytes() + element_expires.bytes()));
}

}  // namespace larder::keyspace
