#pragma once

// Walks over all entries for the memory audit in small steps, between which commands run, and
// still knows at its end what each type holds to the byte.
//
// The sums count the entries that the walk has passed, as they are now: before one of them changes,
// the hook takes its bytes off, marks it and notes its key; later steps count it anew. What the
// walk has not passed it will meet as it is then. An entry is passed when its place in the order of
// hashes lies before the cursor, whatever its table does meanwhile.

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

class AuditWalk final : public memory::Witness, private BeforeChange {
 public:
  // Pays for what the walk keeps, which is told by held_bytes().
  static constexpr auto kOwner = memory::Owner::client_input;

  // Only one walk can be under way (Keyspace::borrow_mark with Entry::kAuditMark, which the caller
  // has done). Ends, and returns the mark, with this object.
  explicit AuditWalk(Keyspace& keyspace);
  ~AuditWalk() override;
  AuditWalk(const AuditWalk&) = delete;
  AuditWalk& operator=(const AuditWalk&) = delete;

  // Goes on for some ten microseconds. True when testify() may be called before anything else
  // changes: all entries are counted, and few pieces wait in the graveyard.
  bool step();

  // As Keyspace::testify, without a walk over the entries.
  void testify(memory::Audit& audit) const override;

  // What it has allocated, at the allocator's sizes; this object not included.
  std::size_t held_bytes() const;
  // Changed entries that are to be counted anew.
  std::size_t pending() const { return changed_.size() - first_; }

 private:
  // Of one database: where the walk stands, and what it found in front of that.
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

  Part& part(int db) { return parts_[static_cast<std::size_t>(db)]; }
  bool has_passed(int db, std::uint64_t hash) const;
  void note(int db, std::uint64_t hash, Entry& entry);
  void count_oldest();
  // Counts some entries of the database; they are those behind its cursor.
  void walk(std::size_t db);

  Keyspace& keyspace_;
  List<Part> parts_;
  List<Changed> changed_;  // from first_ on, the oldest first
  std::size_t first_ = 0;
};

}  // namespace larder::keyspace
