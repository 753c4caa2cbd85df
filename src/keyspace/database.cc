#include "larder/keyspace/database.h"

#include <algorithm>
#include <cstring>

#include "deadline_class.h"
#include "larder/base/assert.h"
#include "larder/keyspace/keyspace.h"

namespace larder::keyspace {
namespace {

// The most expired keys that a search for a random key skips while they must not be removed.
constexpr int kMostTries = 100;

// How a string will be stored: as a number, in its entry, or in a blob.
Entry::Shape shape_of(std::string_view key, std::string_view bytes,
                      std::optional<std::int64_t> number, std::optional<std::int64_t> deadline_ms) {
  Entry::Shape shape{.key = key, .deadline_ms = deadline_ms};
  if (number) {
    shape.form = Form::integer;
  } else if (bytes.size() <= Entry::kMostInside) {
    shape.inside_bytes = bytes.size();
  } else {
    shape.form = Form::storage;
  }
  return shape;
}

void write_string(OpenEntry entry, std::string_view bytes, std::optional<std::int64_t> number) {
  switch (entry->form()) {
    case Form::integer:
      return entry.integer(*number);
    case Form::inside:
      std::copy(bytes.begin(), bytes.end(), entry.inside_data());
      return;
    case Form::storage:
      break;
  }
  types::Blob* blob = types::Blob::create(memory::Owner::strings, bytes.size());
  std::memcpy(blob->data(), bytes.data(), bytes.size());
  entry.storage(blob);
}

Entry::Shape shape_like(std::string_view key, const Entry& entry,
                        std::optional<std::int64_t> deadline_ms) {
  return {.key = key,
          .deadline_ms = deadline_ms,
          .type = entry.type(),
          .form = entry.form(),
          .inside_bytes = entry.form() == Form::inside ? entry.inside().size() : 0};
}

// Copies access bits, and the value if it has no storage.
void copy_head_and_bytes(const Entry& from, OpenEntry to) {
  to.access(from.access());
  if (from.was_edited()) to.mark_edited();
  if (from.form() == Form::integer) to.integer(from.integer());
  if (from.form() == Form::inside) {
    std::memcpy(to.inside_data(), from.inside().data(), from.inside().size());
  }
}

// Also gives the storage to the other entry; both have the same pointer then.
void move_value(OpenEntry from, OpenEntry to) {
  copy_head_and_bytes(*from, to);
  if (from->form() == Form::storage) to.storage(from.storage());
}

}  // namespace

Database::Database(int index, const Shared& shared) : index_(index), shared_(shared) {}

Database::~Database() {
  base::Budget budget = base::Budget::unlimited();
  entries_.clear_some(
      budget, [](Entry* entry) { destroy_now(types::row(entry->type()).owner, OpenEntry(entry)); });
  expires_.clear_some(budget, [](Entry*) {});
  element_expires_.clear_some(budget, [](Entry*) {});
}

void Database::touch(Entry& entry) {
  if (shared_.access.touching) entry.access(shared_.access.used(entry.access()));
}

base::Rng& Database::rng() const { return shared_.access.rng; }

Entry* Database::look(const Key& key, Look how) {
  Entry* entry = entries_.find(key.name, key.hash);
  if (entry != nullptr && entry->expired(now_ms())) entry = handle_expired(entry, key.hash, how);
  if (how == Look::write) {
    if (entry != nullptr) touch(*entry);
    return entry;
  }
  if (entry == nullptr) {
    ++shared_.metrics.misses;
    if (shared_.miss_sink != nullptr) shared_.miss_sink->missed(index_, key.name);
    return nullptr;
  }
  ++shared_.metrics.hits;
  if (how == Look::read) touch(*entry);
  return entry;
}

Entry* Database::handle_expired(Entry* entry, std::uint64_t hash, Look how) {
  if (shared_.removals.repeats()) return entry;
  if (how == Look::write || !defers_removals()) {
    erase(entry, hash, Cause::expired, Event::expired);
  }
  return nullptr;
}

[[gnu::always_inline]] inline Entry* Database::find_to_change(const Key& key) {
  Entry* entry = entries_.find(key.name, key.hash);
  if (entry == nullptr || __builtin_expect(!entry->expired(now_ms()), 1)) return entry;
  return handle_expired(entry, key.hash, Look::write);
}

void Database::note_size(const Entry* entry, std::uint64_t hash) {
  // Smaller ones are found by the walk.
  constexpr std::size_t kLeast = 512;
  if (entry->form() == Form::storage) {
    note_storage(entry, hash);
  } else if (__builtin_expect(entry->inside().size() > kLeast, 0)) {
    shared_.big_keys.note(index_, hash, entry->type(), entry->footprint());
  }
}

void Database::note_storage(const Entry* entry, std::uint64_t hash) {
  const std::size_t bytes = types::row(entry->type()).footprint(entry->storage());
  shared_.big_keys.note(index_, hash, entry->type(), bytes);
}

void Database::insert(OpenEntry entry, std::uint64_t hash) {
  entries_.insert(entry.get(), hash);
  note_size(entry.get(), hash);
  if (entry->has_deadline()) add_due(expires_, entry.get(), hash, entry->deadline_ms(), now_ms());
  count_volatile(*entry);
  index_elements(entry, hash);
  shared_.before_changes.placed(index_, hash, *entry.get(), nullptr);
}

void Database::replace(OpenEntry before, OpenEntry now, std::uint64_t hash) {
  entries_.replace(before.get(), now.get(), hash);
  note_size(now.get(), hash);
  unindex_elements(before, hash);
  index_elements(now, hash);
  if (before->has_deadline()) expires_.erase(before.get(), hash);
  if (now->has_deadline()) add_due(expires_, now.get(), hash, now->deadline_ms(), now_ms());
  count_volatile(*now);
  shared_.before_changes.placed(index_, hash, *now.get(), before.get());
}

// Logs a new key, if store() is about to create one.
void Database::log_new_key(const Key& key) {
  if (!shared_.log.wants_new_keys()) return;
  const Entry* old = entries_.find(key.name, key.hash);
  if (old == nullptr || old->expired(now_ms())) shared_.log.add_new_key(index_, key.name);
}

void Database::store(const Key& key, OpenEntry entry) {
  Entry* const found = entries_.find(key.name, key.hash);
  if (const OpenEntry old = open(found, key.hash, Intent::replaces)) {
    replace(old, entry, key.hash);
    defer_free_replaced(old);
  } else {
    insert(entry, key.hash);
  }
}

void Database::index_deadline(std::optional<std::int64_t> before, Entry* entry,
                              std::uint64_t hash) {
  if (!entry->has_deadline()) {
    if (before) expires_.erase(entry, hash);
  } else if (!before) {
    add_due(expires_, entry, hash, entry->deadline_ms(), now_ms());
  } else if (*before != entry->deadline_ms()) {
    expires_.retag(entry, hash, deadline_class(entry->deadline_ms(), now_ms()));
  }
}

bool Database::overwrite_in_place(OpenEntry old, const Entry::Shape& shape) {
  if (memory::dataset_class(Entry::bytes(shape)) != memory::dataset_class(old->block_bytes()) ||
      old->type() != shape.type) {
    return false;
  }
  if (old->form() == Form::storage) shared_.graveyard.defer_free(old->type(), old.storage());
  old.rewrite(shape);
  return true;
}

void Database::put(const Key& key, std::string_view bytes, Deadline deadline, Event event) {
  const OpenEntry old = open_to_replace(key);
  const auto number = types::as_stored_integer(bytes);
  const auto due = deadline.resolve(old.get());
  const Entry::Shape shape = shape_of(key.name, bytes, number, due);
  if (!old) shared_.log.add_new_key(index_, key.name);
  shared_.log.add(event, index_, key.name);
  if (deadline.is_new() && event != Event::restore) {
    shared_.log.also(Event::expire, index_, key.name);
  }
  if (!old) {
    const OpenEntry entry = OpenEntry::create(shape);
    write_string(entry, bytes, number);
    entry.access(shared_.access.fresh());
    insert(entry, key.hash);
    return;
  }
  const auto had = old->deadline();
  const std::uint32_t access =
      shared_.access.touching ? shared_.access.used(old->access()) : old->access();
  if (overwrite_in_place(old, shape)) {
    write_string(old, bytes, number);
    if (old->form() == Form::storage) note_storage(old.get(), key.hash);
    old.access(access);
    index_deadline(had, old.get(), key.hash);
    count_volatile(*old);
    return;
  }
  const OpenEntry entry = OpenEntry::create(shape);
  write_string(entry, bytes, number);
  entry.access(access);
  replace(old, entry, key.hash);
  defer_free_replaced(old);
}

char* Database::put_unwritten(const Key& key, std::size_t size, Event event, Contents contents) {
  const OpenEntry old = open_to_replace(key);
  if (!old) shared_.log.add_new_key(index_, key.name);
  shared_.log.add(event, index_, key.name);
  const bool inside = size <= Entry::kMostInside;
  const OpenEntry entry = OpenEntry::create({.key = key.name,
                                             .form = inside ? Form::inside : Form::storage,
                                             .inside_bytes = inside ? size : 0});
  char* bytes = entry.inside_data();
  if (!inside) {
    const std::size_t written = contents == Contents::bytes ? size : 0;
    types::Blob* blob = types::Blob::create(memory::Owner::strings, size, written);
    entry.storage(blob);
    bytes = blob->data();
  }
  entry.mark_edited();
  entry.access(shared_.access.fresh());
  if (!old) {
    insert(entry, key.hash);
    return bytes;
  }
  entry.access(shared_.access.touching ? shared_.access.used(old->access()) : old->access());
  replace(old, entry, key.hash);
  defer_free_replaced(old);
  return bytes;
}

void Database::put_storage(const Key& key, types::Type type, void* storage, Event event,
                           Deadline deadline) {
  if (storage == nullptr) {
    erase(key);
    return;
  }
  const OpenEntry old = open_to_replace(key);
  const OpenEntry entry = OpenEntry::create({.key = key.name,
                                             .deadline_ms = deadline.resolve(old.get()),
                                             .type = type,
                                             .form = Form::storage});
  entry.storage(storage);
  entry.access(shared_.access.fresh());
  if (!old) shared_.log.add_new_key(index_, key.name);
  shared_.log.add(event, index_, key.name);
  if (!old) return insert(entry, key.hash);
  replace(old, entry, key.hash);
  defer_free_replaced(old);
}

void Database::close(const Key& key, OpenEntry entry, types::Type type, void* storage, bool empty,
                     Event event, bool changed) {
  if (entry) entry.storage(storage);
  if (!empty) {
    if (!entry) return put_storage(key, type, storage, event);
    count_volatile(*entry);
    index_elements(entry, key.hash);
    if (shared_.big_keys.is_due()) note_size(entry.get(), key.hash);
    if (changed) shared_.log.add(event, index_, key.name);
    return;
  }
  if (!entry) return defer_free(type, storage);
  if (changed) shared_.log.add(event, index_, key.name);
  shared_.log.also(Event::del, index_, key.name);
  take_out(entry, key.hash);
  shared_.graveyard.defer_free(entry);
}

void Database::take_out(OpenEntry entry, std::uint64_t hash) {
  if (entry->has_deadline()) expires_.erase(entry.get(), hash);
  unindex_elements(entry, hash);
  entries_.erase(entry.get(), hash);
}

void Database::erase(Entry* entry, std::uint64_t hash, Cause cause, Event event) {
  remove(open(entry, hash, Intent::removes), hash, cause, event);
}

void Database::remove(OpenEntry entry, std::uint64_t hash, Cause cause, Event event) {
  shared_.log.add(event, index_, entry->key(), cause);
  if (cause == Cause::expired) ++shared_.metrics.expired_keys;
  take_out(entry, hash);
  shared_.graveyard.defer_free(entry, freeing_after(cause));
}

bool Database::erase(const Key& key, Freeing freeing) {
  const OpenEntry entry = open(find_to_change(key), key.hash, Intent::removes);
  if (!entry) return false;
  shared_.log.add(Event::del, index_, entry->key());
  take_out(entry, key.hash);
  shared_.graveyard.defer_free(entry, freeing);
  return true;
}

Freeing Database::freeing_after(Cause cause) const {
  const Settings& settings = shared_.access.settings;
  const bool lazily = cause == Cause::evicted   ? settings.lazyfree_lazy_eviction.value()
                      : cause == Cause::expired ? settings.lazyfree_lazy_expire.value()
                                                : settings.lazyfree_lazy_server_del.value();
  return lazily ? Freeing::lazily : Freeing::plainly;
}

void Database::defer_free_replaced(OpenEntry entry) {
  shared_.graveyard.defer_free(entry, freeing_after(Cause::command));
}

bool Database::erase(const Key& key, Cause cause, Event event) {
  Entry* entry = find_to_change(key);
  if (entry == nullptr) return false;
  erase(entry, key.hash, cause, event);
  return true;
}

Entry* Database::reshape(const Key& key, OpenEntry entry, std::optional<std::int64_t> deadline_ms) {
  if (entry->has_deadline() && deadline_ms) {
    const auto before = entry->deadline();
    entry.deadline_ms(*deadline_ms);
    index_deadline(before, entry.get(), key.hash);
    count_volatile(*entry);
    return entry.get();
  }
  const OpenEntry moved = OpenEntry::create(shape_like(key.name, *entry, deadline_ms));
  move_value(entry, moved);
  replace(entry, moved, key.hash);
  entry.release(types::row(entry->type()).owner);
  return moved.get();
}

Entry* Database::expire_at(const Key& key, Entry* entry, std::int64_t unix_ms) {
  shared_.log.add(Event::expire, index_, key.name);
  return reshape(key, open(entry, key.hash, Intent::retimes), unix_ms);
}

Entry* Database::persist(const Key& key, Entry* entry) {
  shared_.log.add(Event::persist, index_, key.name);
  return reshape(key, open(entry, key.hash, Intent::retimes), std::nullopt);
}

void Database::put_copy(const Key& key, const Entry& source, Event event) {
  const OpenEntry entry = OpenEntry::create(shape_like(key.name, source, source.deadline()));
  copy_head_and_bytes(source, entry);
  if (source.form() == Form::storage) {
    entry.storage(types::row(source.type()).copy(source.storage()));
  }
  log_new_key(key);
  shared_.log.add(event, index_, key.name);
  store(key, entry);
}

void Database::put_moved(const Key& key, Database& from, const Key& source_key, Entry* moved,
                         Event left, Event arrived) {
  const OpenEntry source = from.open(moved, source_key.hash, Intent::removes);
  const OpenEntry entry = OpenEntry::create(shape_like(key.name, *source, source->deadline()));
  move_value(source, entry);
  log_new_key(key);
  shared_.log.add(left, from.index_, source_key.name);
  shared_.log.also(arrived, index_, key.name);
  from.take_out(source, source_key.hash);
  source.release(types::row(source->type()).owner);
  store(key, entry);
}

void Database::flush_into(Graveyard& graveyard, Freeing freeing) {
  shared_.before_changes.before_flush(index_);
  graveyard.defer_free(
      {std::move(entries_), std::move(expires_), std::move(element_expires_), freeing});
  entries_ = EntryTable();
  expires_ = ExpiresTable();
  element_expires_ = ElementExpiresTable();
  volatile_bytes_ = 0;
  average_ttl_ms = 0;
}

Entry* Database::random(base::Rng& rng) {
  int tries_left = kMostTries;
  while (Entry* entry = entries_.random(rng)) {
    if (!entry->expired(now_ms())) return entry;
    if (defers_removals()) {
      if (--tries_left == 0) return entry;
      continue;
    }
    erase(entry, EntryTraits::hash(*entry), Cause::expired, Event::expired);
  }
  return nullptr;
}

std::size_t Database::memory_usage(const Entry& entry) const {
  const std::size_t slots =
      1 + (entry.has_deadline() ? 1 : 0) + (entry.is_element_indexed() ? 1 : 0);
  return entry.footprint() + slots * EntryTable::kSlotBytes;
}

void Database::swap(Database& other) noexcept {
  std::swap(entries_, other.entries_);
  std::swap(expires_, other.expires_);
  std::swap(element_expires_, other.element_expires_);
  std::swap(volatile_bytes_, other.volatile_bytes_);
  std::swap(average_ttl_ms, other.average_ttl_ms);
}

}  // namespace larder::keyspace
