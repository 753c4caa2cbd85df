#include "larder/types/hash.h"
#include "type_rows.h"

namespace larder::types {
namespace {

constexpr memory::Owner kOwner = memory::Owner::hashes;

ReadOnly<Hash> hash_in(const void* storage) { return ReadOnly<Hash>(storage); }

std::size_t footprint(const void* storage) {
  if (storage == nullptr) return 0;
  const HashTable* table = hash_in(storage)->table();
  return table != nullptr ? table->footprint()
                          : memory::dataset_class(hash_in(storage)->pack().bytes());
}

std::string_view encoding(const void* storage) {
  return hash_in(storage)->table() != nullptr ? "hashtable" : "listpack";
}

void* copy(const void* storage) {
  if (storage == nullptr) return nullptr;
  if (const HashTable* table = hash_in(storage)->table()) {
    return Hash::over(HashTable::copy(*table)).storage();
  }
  return Listpack::copy(kOwner, hash_in(storage)->pack().raw()).block();
}

bool destroy_some(void* storage, memory::Owner owner, base::Budget& budget) {
  if (storage == nullptr) return true;
  Hash hash(storage);
  if (HashTable* table = hash.table()) return HashTable::destroy_some(table, owner, budget);
  hash.pack().destroy(owner);
  return true;
}

void* relocate_some(void* storage, Relocation& walk, memory::Mover& mover, base::Budget& budget) {
  Hash hash(storage);
  if (HashTable* table = hash.table()) {
    return Hash::over(HashTable::relocate_some(table, walk, mover, budget)).storage();
  }
  walk.done = true;
  if (storage != nullptr && mover.wants(storage)) {
    memory::offer(mover, kOwner, storage, hash.pack().bytes());
  }
  return storage;
}

std::size_t free_effort(const void* storage) {
  const HashTable* table = hash_in(storage)->table();
  return table != nullptr ? table->size() : 1;
}

std::size_t size(const void* storage) { return hash_in(storage)->size(); }

std::int64_t next_deadline(const void* storage) {
  const HashTable* table = hash_in(storage)->table();
  return table != nullptr ? table->next_deadline() : kNoDeadline;
}

bool expire_some(void* storage, std::int64_t now_ms, std::size_t lines,
                 BeforeElementRemoved before_removal, void* context) {
  HashTable* table = Hash(storage).table();
  return table == nullptr || table->expire_some(now_ms, lines, [&](std::string_view name) {
    before_removal(context, name);
  });
}

bool expire_one(void* storage, std::string_view element, std::int64_t now_ms,
                BeforeElementRemoved before_removal, void* context) {
  HashTable* table = Hash(storage).table();
  if (table == nullptr || !table->is_expired(element, now_ms)) return false;
  before_removal(context, element);
  return table->erase(element, kLongAgo);
}

}  // namespace

constinit const TypeRow kHashRow{.name = "hash",
                                 .owner = kOwner,
                                 .footprint = footprint,
                                 .encoding = encoding,
                                 .copy = copy,
                                 .destroy_some = destroy_some,
                                 .relocate_some = relocate_some,
                                 .free_effort = free_effort,
                                 .next_deadline = next_deadline,
                                 .size = size,
                                 .expire_some = expire_some,
                                 .expire_one = expire_one};

}  // namespace larder::types
