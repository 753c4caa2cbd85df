#include "deadline_class.h"
#include "larder/keyspace/database.h"

namespace larder::keyspace {
namespace {

// The callback for elements past their deadline: the types room takes a plain function.
struct ElementExpiry {
  const Shared& shared;
  int db;
  std::string_view key;

  static void goes(void* context, std::string_view element) {
    const auto& self = *static_cast<const ElementExpiry*>(context);
    ++self.shared.metrics.expired_subkeys;
    self.shared.log.add_expired(Event::hexpired, self.db, self.key, element);
  }
};

}  // namespace

void Database::index_elements(OpenEntry entry, std::uint64_t hash) {
  const std::int64_t next = entry->next_element_deadline();
  if (next == types::kNoDeadline) return unindex_elements(entry, hash);
  if (entry->is_element_indexed()) {
    element_expires_.retag(entry.get(), hash, deadline_class(next, now_ms()));
    return;
  }
  entry.mark_element_indexed(true);
  add_due(element_expires_, entry.get(), hash, next, now_ms());
}

void Database::unindex_elements(OpenEntry entry, std::uint64_t hash) {
  if (!entry->is_element_indexed()) return;
  entry.mark_element_indexed(false);
  element_expires_.erase(entry.get(), hash);
}

bool Database::expire_elements(Entry* found, std::uint64_t hash, std::size_t lines) {
  if (removals_held() || shared_.before_changes.defers_expiry(index_, hash, *found)) return true;
  const OpenEntry entry = open(found, hash, Intent::edits);
  ElementExpiry passing{shared_, index_, entry->key()};
  const types::TypeRow& row = types::row(entry->type());
  const bool done =
      row.expire_some(entry.storage(), now_ms(), lines, ElementExpiry::goes, &passing);
  return close_expired(entry, hash) || done;
}

void Database::expire_element(Entry* found, std::uint64_t hash, std::string_view element) {
  if (removals_held() || shared_.before_changes.defers_expiry(index_, hash, *found)) return;
  const OpenEntry entry = open(found, hash, Intent::edits);
  ElementExpiry passing{shared_, index_, entry->key()};
  const types::TypeRow& row = types::row(entry->type());
  if (row.expire_one(entry.storage(), element, now_ms(), ElementExpiry::goes, &passing)) {
    close_expired(entry, hash);
  } else {
    count_volatile(*entry);
  }
}

bool Database::close_expired(OpenEntry entry, std::uint64_t hash) {
  if (types::row(entry->type()).size(entry->storage()) != 0) {
    count_volatile(*entry);
    index_elements(entry, hash);
    return false;
  }
  shared_.log.add_expired(Event::del, index_, entry->key(), std::nullopt);
  take_out(entry, hash);
  shared_.graveyard.defer_free(entry);
  return true;
}

}  // namespace larder::keyspace
