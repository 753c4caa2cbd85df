#pragma once

// All databases, with the data that they share: the change log, the graveyard, and how uses are
// recorded.

#include <memory>
#include <optional>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/keyspace/access_policy.h"
#include "larder/keyspace/big_keys.h"
#include "larder/keyspace/change_log.h"
#include "larder/keyspace/database.h"
#include "larder/keyspace/graveyard.h"
#include "larder/keyspace/metrics.h"
#include "larder/keyspace/removals.h"
#include "larder/keyspace/settings.h"
#include "larder/memory/audit.h"

namespace larder::keyspace {

class Keyspace final : public memory::AuditedOwner {
 public:
  Keyspace(const base::Clock& clock, base::Rng& rng, const Settings& settings, Metrics& metrics);

  Database& db(std::size_t index) { return *databases_[index]; }
  const Database& db(std::size_t index) const { return *databases_[index]; }
  std::size_t databases() const { return databases_.size(); }

  std::size_t size() const;
  // The share of all keys that are in databases before this one, and in this part of it. From 0 to
  // 1; 1 without keys.
  double share_before(std::size_t db, double part) const;
  // True if a key, or an element of one, has a deadline.
  bool has_volatile_keys() const;

  // Empties one database, or all.
  void flush(std::size_t index, Freeing freeing = Freeing::plainly);
  void flush_all(Freeing freeing = Freeing::plainly);
  // For data that is loaded while this keyspace is served: databases with the same settings, in
  // which nothing expires or is evicted.
  std::unique_ptr<Keyspace> make_beside() const;
  // Has the contents of the other keyspace from now on, which is empty then. The own ones are freed
  // in steps.
  void take_over(Keyspace& beside);
  // Frees the contents of the other keyspace in steps.
  void bury(Keyspace& beside);
  // Exchanges the contents of two databases.
  void swap(std::size_t a, std::size_t b);
  // How often two databases were exchanged: a walk over all databases may have missed some keys if
  // this changed in the meantime.
  std::uint64_t swaps() const { return swaps_; }

  // Continues to search for the largest keys, for a quarter of a percent of the time since the last
  // call; to be called `hz` times a second.
  void look_for_big_keys();
  // The `count` largest keys of one type, or of all, in one database (negative: in all), with their
  // present sizes, the largest first, without expired ones. First searches for up to a millisecond.
  std::vector<BigKey> big_keys(int db, std::optional<types::Type> type, std::size_t count);
  bool tracks_big_keys() const { return access_.settings.big_keys_tracking.value(); }

  // Reserves a bit of Entry::marks() for one walk; false while another walk has it. The walk must
  // clear the bit of all entries before it returns it.
  bool reserve_mark(std::uint8_t bit) {
    if ((marks_lent_ & bit) != 0) return false;
    marks_lent_ = static_cast<std::uint8_t>(marks_lent_ | bit);
    return true;
  }
  void return_mark(std::uint8_t bit) {
    marks_lent_ = static_cast<std::uint8_t>(marks_lent_ & ~bit);
  }
  // The hooks that are called before an entry changes.
  BeforeChanges& before_changes() { return before_changes_; }
  // Whether keys are expired and evicted.
  Removals& removals() { return removals_; }
  bool removals_held() const { return removals_.held(); }
  bool eviction_held() const { return removals_.eviction_held(); }
  // A hook has no room for what eviction and expiry would remove now.
  bool defers_removals() const { return before_changes_.defers_removals(); }

  // Calls `sink` for each read that did not find its key; null: no calls.
  void set_miss_sink(MissSink* sink) { miss_sink_ = sink; }

  ChangeLog& log() { return log_; }
  Graveyard& graveyard() { return graveyard_; }
  const Graveyard& graveyard() const { return graveyard_; }
  AccessPolicy& access() { return access_; }
  const AccessPolicy& access() const { return access_; }
  const base::Clock& clock() const { return clock_; }
  base::Rng& rng() { return rng_; }

  // Reports every entry and table to the audit; the time is that of a walk over all keys.
  void report_bytes(memory::Audit& audit) const override;

 private:
  const base::Clock& clock_;
  base::Rng& rng_;
  AccessPolicy access_;
  ChangeLog log_;
  Graveyard graveyard_;
  Metrics& metrics_;
  BigKeys big_keys_;
  std::uint64_t swaps_ = 0;
  Removals removals_;
  BeforeChanges before_changes_;
  std::uint8_t marks_lent_ = 0;
  MissSink* miss_sink_ = nullptr;
  std::vector<std::unique_ptr<Database>> databases_;
};

}  // namespace larder::keyspace
