#pragma once

// Where removed entries wait to be freed: what a handler looked up stays readable until its command
// is over, and large values are taken apart in steps, so no free holds the loop. What waits is
// bounded: past kMostWaiting each command frees more than it buried (pay_debt()), and every end of
// a turn frees for longer the more there is (drain_time_us()).

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/keyspace/entry.h"
#include "larder/keyspace/tables.h"
#include "larder/memory/audit.h"
#include "larder/memory/ledger.h"

namespace larder::keyspace {

// How INFO counts what is removed. Everything is freed in the same way; `lazily` is what Redis
// hands to its thread: values of more than 64 allocations after UNLINK or with a lazyfree-lazy-*
// directive, and all values of a database that was flushed ASYNC.
enum class Freeing : std::uint8_t { plainly, lazily };

class Graveyard final : public memory::Witness {
 public:
  Graveyard() = default;
  ~Graveyard() override;
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  // Takes an entry that no table knows any more.
  void bury(Entry* entry, Freeing freeing = Freeing::plainly);
  // Takes the storage of a value whose entry lives on.
  void bury(types::Type type, void* storage);
  struct Tables {
    EntryTable entries;
    ExpiresTable expires;
    ElementExpiresTable element_expires;
    Freeing freeing = Freeing::plainly;
  };
  // Takes a flushed database's tables. Their entries stay charged to their own owners until
  // they are freed one by one.
  void bury(Tables&& tables);

  // Frees until all is gone or the budget is spent; true when nothing is left.
  bool drain(base::Budget budget);
  // Frees a few dozen small entries, or one step of a large one; true when nothing is left.
  bool drain_a_little(const base::Clock& clock);

  // Bytes that may wait without being paid for.
  static constexpr std::int64_t kMostWaiting = 512 << 10;
  // Bytes that wait, but for those of flushed tables, which are charged to their owners. Cost: a
  // few nanoseconds.
  static std::int64_t bytes() { return memory::balance(memory::Owner::graveyard); }

  // Something worth paying for was buried since pay_debt(): to be asked after each command.
  bool has_debt() const { return debt_ > kLeastDebt; }
  // Frees twice what was buried since the last call, or less: until kMostWaiting bytes are left or
  // half a millisecond is over. Only between commands, as views of handlers end here.
  void pay_debt(const base::Clock& clock);

  // How long the end of a turn should go on freeing.
  std::int64_t drain_time_us() const;

  bool empty() const {
    return entries_.empty() && lazy_entries_.empty() && storages_.empty() && tables_.empty();
  }
  // How many entries and storages wait here, those in tables included.
  std::size_t pieces() const { return keys() + storages_.size(); }
  // Keys that wait here, and those of them that are freed lazily.
  std::size_t keys() const;
  std::size_t lazy_keys() const;
  // True while whole tables wait: their bytes cannot be told from living ones by the ledger.
  bool holds_tables() const { return !tables_.empty(); }
  // Keys that were freed lazily since this was last asked.
  std::uint64_t take_freed() { return std::exchange(freed_, 0); }

  void testify(memory::Audit& audit) const override;

 private:
  // So that a pipeline of small removals pays for many at a time.
  static constexpr std::int64_t kLeastDebt = 64 << 10;

  struct Storage {
    types::Type type;
    void* pointer;
  };
  template <typename T>
  using List = std::vector<T, memory::Allocator<T, memory::Owner::graveyard>>;

  void bury_large(Entry* entry, Freeing freeing);
  bool drain_entries(List<Entry*>& entries, base::Budget& budget);
  bool drain_table(Tables& dead, base::Budget& budget);
  bool drain_storages(base::Budget& budget);
  bool drain_tables(base::Budget& budget);

  List<Entry*> entries_;
  List<Entry*> lazy_entries_;
  List<Storage> storages_;
  List<Tables> tables_;
  std::uint64_t freed_ = 0;
  std::int64_t debt_ = 0;  // bytes buried since they were last paid for
};

// Tells the audit of the tables and of every entry in them.
void testify_tables(const EntryTable& entries, const ExpiresTable& expires,
                    const ElementExpiresTable& element_expires, memory::Audit& audit);

// Frees the storage and then the entry, all at once, charging both back to `owner`.
void destroy_now(memory::Owner owner, Entry* entry);

}  // namespace larder::keyspace
