#pragma once

// Removed entries, which wait here to be freed: the values that a handler looked up stay readable
// until its command is over, and large values are freed in steps, so that freeing does not block
// the loop. The waiting bytes are bounded: above kMostWaiting each command frees more than it
// removed (free_backlog()), every end of a turn frees for longer the more there is
// (drain_time_us()), and if large values are removed faster than that, commands that remove more
// wait (is_behind(), is_over_bound()).

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/base/turn_time.h"
#include "larder/keyspace/open_entry.h"
#include "larder/keyspace/tables.h"
#include "larder/memory/audit.h"
#include "larder/memory/ledger.h"

namespace larder::keyspace {

// How INFO counts removed keys. All are freed in the same way; `lazily` are those that Redis frees
// in its thread: values of more than 64 allocations after UNLINK or with a lazyfree-lazy-*
// directive, and all values of a database that was flushed ASYNC.
enum class Freeing : std::uint8_t { plainly, lazily };

// Takes values that would be freed, because it still reads them.
class Keeper {
 public:
  // True: the storage is charged to the keeper, and belongs to it until it calls
  // Graveyard::defer_free() itself.
  virtual bool keep(types::Type type, void* storage) = 0;

 protected:
  ~Keeper() = default;
};

class Graveyard final : public memory::AuditedOwner {
 public:
  Graveyard() = default;
  ~Graveyard() override;
  Graveyard(const Graveyard&) = delete;
  Graveyard& operator=(const Graveyard&) = delete;

  // Takes an entry that is in no table any more.
  void defer_free(OpenEntry entry, Freeing freeing = Freeing::plainly);
  // Takes the storage of a value; its entry stays in use.
  void defer_free(types::Type type, void* storage);
  struct Tables {
    EntryTable entries;
    ExpiresTable expires;
    ElementExpiresTable element_expires;
    Freeing freeing = Freeing::plainly;
  };
  // Takes a flushed database's tables. Their entries stay charged to their own owners until
  // they are freed one by one.
  void defer_free(Tables&& tables);

  // Is asked for each storage from now on, except those of flushed tables; null: no one is.
  void set_keeper(Keeper* keeper) { keeper_ = keeper; }

  // Frees until nothing is left or the budget is spent; true if nothing is left.
  bool drain(base::Budget budget);
  // Frees a few dozen small entries, or one step of a large one; true if nothing is left.
  bool drain_a_little(const base::Clock& clock);

  // Bytes that may wait before commands must free.
  static constexpr std::int64_t kMostWaiting = 512 << 10;
  // Waiting bytes without those of flushed tables, which are charged to their owners. Cost: a few
  // nanoseconds.
  static std::int64_t bytes() { return memory::balance(memory::Owner::graveyard); }

  // Enough was removed since free_backlog() to call it again: to be checked after each command.
  bool has_free_backlog() const { return free_backlog_bytes_ > kLeastFreeBacklog; }
  // Frees twice the bytes that were removed since the last call, or less: until kMostWaiting bytes
  // are left or `us` microseconds have passed, at most kMostFreeUs. Only between commands, because
  // it invalidates the views of handlers.
  static constexpr std::int64_t kMostFreeUs = 500;
  void free_backlog(const base::Clock& clock, std::int64_t us = kMostFreeUs);

  // Whether the backlog contains a large value.
  bool removed_large() const { return free_backlog_bytes_ > kLargeRemoval; }
  // Whether large values wait that free_backlog() had no time for: the client that removed them
  // must not remove more until they are freed.
  bool is_behind() const { return bytes() > kMostBehind; }
  // More waits than kMostAtAll besides the largest single removal, so no client may remove more.
  bool is_over_bound() const { return bytes() > kMostAtAll + largest_; }

  // The time for freeing at the end of a turn, and its maximum.
  static constexpr std::int64_t kMostDrainUs = base::TurnTime::kTurnUs;
  std::int64_t drain_time_us() const;

  bool empty() const {
    return entries_.empty() && lazy_entries_.empty() && storages_.empty() && tables_.empty();
  }
  // The number of entries and storages that wait, including those in tables.
  std::size_t pieces() const { return keys() + storages_.size(); }
  // The number of keys that wait, and of those that are freed lazily.
  std::size_t keys() const;
  std::size_t lazy_keys() const;
  // True while whole tables wait: the ledger cannot distinguish their bytes from those of stored
  // keys.
  bool holds_tables() const { return !tables_.empty(); }
  // SPOP replied with a whole set of this many members. Redis copies it to a temporary object
  // first, and counts this among the lazily freed ones if it is large.
  void count_result(std::size_t members);
  // Keys that were freed lazily since the last call.
  std::uint64_t take_freed() { return std::exchange(freed_, 0); }

  void report_bytes(memory::Audit& audit) const override;

 private:
  // The backlog that is collected before free_backlog(), so that a pipeline of small removals frees
  // many at a time.
  static constexpr std::int64_t kLeastFreeBacklog = 64 << 10;
  static constexpr std::int64_t kMostBehind = 1 << 20;
  static constexpr std::int64_t kLargeRemoval = 256 << 10;
  static constexpr std::int64_t kMostAtAll = 16 << 20;

  struct Storage {
    types::Type type;
    void* pointer;
  };
  template <typename T>
  using List = std::vector<T, memory::Allocator<T, memory::Owner::graveyard>>;

  void leave_storage(OpenEntry entry) const;
  void defer_free_large(OpenEntry entry, Freeing freeing);
  bool drain_entries(List<OpenEntry>& entries, base::Budget& budget);
  bool drain_table(Tables& dead, base::Budget& budget);
  bool drain_storages(base::Budget& budget);
  bool drain_tables(base::Budget& budget);

  List<OpenEntry> entries_;
  List<OpenEntry> lazy_entries_;
  List<Storage> storages_;
  List<Tables> tables_;
  Keeper* keeper_ = nullptr;
  std::uint64_t freed_ = 0;
  std::int64_t free_backlog_bytes_ = 0;  // bytes removed since the last free_backlog()
  std::int64_t largest_ = 0;             // the most that one command removed of what waits
};

// Reports the tables and every entry in them to the audit.
void report_table_bytes(const EntryTable& entries, const ExpiresTable& expires,
                        const ElementExpiresTable& element_expires, memory::Audit& audit);

// Frees the storage and then the entry at once, and subtracts both from `owner`.
void destroy_now(memory::Owner owner, OpenEntry entry);

}  // namespace larder::keyspace
