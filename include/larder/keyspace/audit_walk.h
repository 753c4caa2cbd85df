#pragma once

// Walks over all entries for the memory audit in small steps, between which commands run. At its
// end the bytes of each type are exact.
//
// The sums contain the entries that the walk has passed, with their current size: before one of
// them changes, the hook subtracts its bytes, marks it and stores its key; later steps count it
// again. Entries that the walk has not passed are counted when it reaches them. An entry is passed
// if its position in the order of hashes is before the cursor, for any changes of the table's
// shape.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "larder/keyspace/before_change.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/memory/heap.h"

namespace larder::keyspace {

class AuditWalk final : public memory::AuditedOwner, private BeforeChange {
 public:
  // The owner of the walk's memory, which held_bytes() returns.
  static constexpr auto kOwner = memory::Owner::client_input;

  // There can be only one walk: the caller must have got the mark (Keyspace::reserve_mark with
  // Entry::kAuditMark). The destructor ends the walk and returns the mark.
  explicit AuditWalk(Keyspace& keyspace);
  ~AuditWalk() override;
  AuditWalk(const AuditWalk&) = delete;
  AuditWalk& operator=(const AuditWalk&) = delete;

  // Continues for about ten microseconds. True if report_bytes() may be called before anything else
  // changes: all entries are counted, and the graveyard has few pieces.
  bool step();

  // As Keyspace::report_bytes, without a walk over the entries.
  void report_bytes(memory::Audit& audit) const override;

  // Its allocated bytes, at the allocator's sizes, without this object.
  std::size_t held_bytes() const;
  // Changed entries that must be counted again.
  std::size_t pending() const { return changed_.size() - first_; }

 private:
  // For one database: the position of the walk, and the sums of the entries before it.
  struct Part {
    std::uint64_t cursor = 0;
    bool passed_all = false;
    std::array<std::int64_t, types::kTypes> bytes{};
  };
  struct Changed {
    std::uint64_t hash;
    int db;
  };
  template <typename T>
  using List = std::vector<T, memory::Allocator<T, kOwner>>;

  void before_change(int db, std::uint64_t hash, Entry& entry, Intent intent) override;
  void placed(int db, std::uint64_t hash, Entry& entry, const Entry* before) override;
  void before_flush(int db) override;
  void before_swap(int a, int b) override;
  void before_arrival(int db) override { part(db) = {}; }

  Part& part(int db) { return parts_[static_cast<std::size_t>(db)]; }
  bool has_passed(int db, std::uint64_t hash) const;
  void note(int db, std::uint64_t hash, Entry& entry);
  void count_oldest();
  // Counts some entries of the database: those after its cursor.
  void walk(std::size_t db);

  Keyspace& keyspace_;
  List<Part> parts_;
  List<Changed> changed_;  // from first_ on, the oldest first
  std::size_t first_ = 0;
};

}  // namespace larder::keyspace
