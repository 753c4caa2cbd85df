#include "larder/keyspace/graveyard.h"

#include <utility>

#include "larder/types/type.h"

namespace larder::keyspace {
namespace {

using memory::Owner;

// Frees between two looks at the clock.
constexpr std::uint32_t kStride = 32;
// A list keeps room for this many when it is empty.
constexpr std::size_t kKeptRoom = 1024;

// Freed in steps when a flushed table hands it over.
constexpr std::size_t kLargeEffort = 64;

bool is_large(const Entry& entry) {
  return entry.form() == Form::storage &&
         types::row(entry.type()).free_effort(entry.storage()) > kLargeEffort;
}

template <typename List>
void trim(List& list) {
  if (list.empty() && list.capacity() > kKeptRoom) List().swap(list);
}

}  // namespace

void destroy_now(Owner owner, Entry* entry) {
  if (entry->form() == Form::storage) {
    base::Budget budget = base::Budget::unlimited();
    while (!types::row(entry->type()).destroy_some(entry->storage(), owner, budget)) {
    }
  }
  Entry::release(owner, entry);
}

Graveyard::~Graveyard() { drain(base::Budget::unlimited()); }

void Graveyard::bury(Entry* entry) {
  const auto bytes = static_cast<std::int64_t>(entry->footprint());
  memory::transfer(types::row(entry->type()).owner, Owner::graveyard, bytes);
  entries_.push_back(entry);
}

void Graveyard::bury(types::Type type, void* storage) {
  const types::TypeRow& row = types::row(type);
  memory::transfer(row.owner, Owner::graveyard, static_cast<std::int64_t>(row.footprint(storage)));
  storages_.push_back({type, storage});
}

void Graveyard::bury(Tables&& tables) { tables_.push_back(std::move(tables)); }

std::size_t Graveyard::keys() const {
  std::size_t count = entries_.size();
  for (const Tables& tables : tables_) count += tables.entries.size();
  return count;
}

bool Graveyard::drain(base::Budget budget) {
  return drain_entries(budget) && drain_storages(budget) && drain_tables(budget);
}

bool Graveyard::drain_entries(base::Budget& budget) {
  while (!entries_.empty()) {
    Entry* entry = entries_.back();
    if (entry->form() == Form::storage &&
        !types::row(entry->type()).destroy_some(entry->storage(), Owner::graveyard, budget)) {
      return false;
    }
    Entry::release(Owner::graveyard, entry);
    entries_.pop_back();
    ++freed_;
    if (budget.spent(kStride)) break;
  }
  trim(entries_);
  return entries_.empty();
}

bool Graveyard::drain_storages(base::Budget& budget) {
  while (!storages_.empty()) {
    const Storage dead = storages_.back();
    if (!types::row(dead.type).destroy_some(dead.pointer, Owner::graveyard, budget)) return false;
    storages_.pop_back();
    if (budget.spent(kStride)) break;
  }
  trim(storages_);
  return storages_.empty();
}

bool Graveyard::drain_tables(base::Budget& budget) {
  while (!tables_.empty()) {
    Tables& dead = tables_.back();
    const bool gone = dead.entries.clear_some(budget, [this](Entry* entry) {
      if (is_large(*entry)) return bury(entry);
      destroy_now(types::row(entry->type()).owner, entry);
      ++freed_;
    });
    if (!gone || !drain_entries(budget) || !dead.expires.clear_some(budget, [](Entry*) {}) ||
        !dead.element_expires.clear_some(budget, [](Entry*) {})) {
      return false;
    }
    tables_.pop_back();
  }
  trim(tables_);
  return true;
}

void Graveyard::testify(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const Entry* entry : entries_) bytes += entry->footprint();
  for (const Storage& dead : storages_) bytes += types::row(dead.type).footprint(dead.pointer);
  const auto list_bytes = [](std::size_t capacity, std::size_t each) {
    return capacity == 0 ? 0 : memory::size_class(capacity * each);
  };
  bytes += list_bytes(entries_.capacity(), sizeof(Entry*));
  bytes += list_bytes(storages_.capacity(), sizeof(Storage));
  bytes += list_bytes(tables_.capacity(), sizeof(Tables));
  audit.found(Owner::graveyard, bytes);
  for (const Tables& dead : tables_) {
    testify_tables(dead.entries, dead.expires, dead.element_expires, audit);
  }
}

void testify_tables(const EntryTable& entries, const ExpiresTable& expires,
                    const ElementExpiresTable& element_expires, memory::Audit& audit) {
  entries.for_each([&audit](const Entry* entry) {
    audit.found(types::row(entry->type()).owner, entry->footprint());
  });
  audit.found(Owner::table, entries.bytes());
  audit.found(Owner::expires, static_cast<std::int64_t>(expires.bytes() + element_expires.bytes()));
}

}  // namespace larder::keyspace
