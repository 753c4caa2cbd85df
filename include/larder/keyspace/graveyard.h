#pragma once

// Where removed entries wait to be freed: what a handler looked up stays readable until the
// end of its turn, and large values are taken apart in steps, so no free holds the loop.

#include <cstddef>
#include <utility>
#include <vector>

#include "larder/base/budget.h"
#include "larder/keyspace/entry.h"
#include "larder/keyspace/tables.h"
#include "larder/memory/audit.h"

namespace larder::keyspace {

class Graveyard final : public memory::Witness {
 public:
  Graveyard() = default;
  ~Graveyard() override;
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  // Takes an entry that no table knows any more.
  void bury(Entry* entry);
  // Takes the storage of a value whose entry lives on.
  void bury(types::Type type, void* storage);
  struct Tables {
    EntryTable entries;
    ExpiresTable expires;
    ElementExpiresTable element_expires;
  };
  // Takes a flushed database's tables. Their entries stay charged to their own owners until
  // they are freed one by one.
  void bury(Tables&& tables);

  // Frees until all is gone or the budget is spent; true when nothing is left.
  bool drain(base::Budget budget);

  bool empty() const { return entries_.empty() && storages_.empty() && tables_.empty(); }
  // Keys that wait here.
  std::size_t keys() const;
  // True while whole tables wait: their bytes cannot be told from living ones by the ledger.
  bool holds_tables() const { return !tables_.empty(); }
  // Keys whose memory was returned since this was last asked.
  std::uint64_t take_freed() { return std::exchange(freed_, 0); }

  void testify(memory::Audit& audit) const override;

 private:
  struct Storage {
    types::Type type;
    void* pointer;
  };
  template <typename T>
  using List = std::vector<T, memory::Allocator<T, memory::Owner::graveyard>>;

  bool drain_entries(base::Budget& budget);
  bool drain_storages(base::Budget& budget);
  bool drain_tables(base::Budget& budget);

  List<Entry*> entries_;
  List<Storage> storages_;
  List<Tables> tables_;
  std::uint64_t freed_ = 0;
};

// Tells the audit of the tables and of every entry in them.
void testify_tables(const EntryTable& entries, const ExpiresTable& expires,
                    const ElementExpiresTable& element_expires, memory::Audit& audit);

// Frees the storage and then the entry, all at once, charging both back to `owner`.
void destroy_now(memory::Owner owner, Entry* entry);

}  // namespace larder::keyspace
