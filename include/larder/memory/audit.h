#pragma once

// The audit: every object that holds bytes walks them and reports their sizes. The audit compares
// these with the ledger, owner by owner, and the ledger's sum with the allocators' own counts. A
// difference is a bug in the accounting.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "larder/memory/ledger.h"

namespace larder::memory {

class Audit;

// An object that can walk the bytes of some owners. report_bytes() calls Audit::found for each
// block or sum, with sizes as charged (size_class), and with 0 for an owner of which it has no
// bytes.
class AuditedOwner {
 public:
  virtual ~AuditedOwner() = default;
  virtual void report_bytes(Audit& audit) const = 0;
};

class Audit {
 public:
  struct Row {
    Owner owner;
    std::int64_t ledger_bytes;
    // Nothing if nothing has walked this owner, as always for `runtime`.
    std::optional<std::int64_t> walked_bytes;

    bool balanced() const { return !walked_bytes || *walked_bytes == ledger_bytes; }
  };

  // The page store: what its slabs and runs hold, found by a walk over them.
  struct StoreRow {
    std::int64_t ledger_bytes;  // of the dataset, values that a snapshot still reads included
    std::int64_t walked_bytes;
    // The walk found as many pages of each state as the store counts.
    bool pages_agree;

    bool balanced() const { return ledger_bytes == walked_bytes && pages_agree; }
  };

  void found(Owner owner, std::int64_t bytes);

  const std::array<Row, kOwners>& rows() const { return rows_; }
  std::int64_t ledger_bytes() const { return ledger_bytes_; }
  // Allocated bytes that are neither in the ledger nor were held by C libraries at the start;
  // nothing if the allocator counts in other sizes than the ledger.
  std::optional<std::int64_t> foreign_bytes() const { return foreign_bytes_; }
  // Nothing without a page store.
  const std::optional<StoreRow>& store() const { return store_; }
  // Each walked owner and the store are exactly equal, and the sum differs by at most
  // Auditor::kForeignBytes.
  bool balanced() const;
  // One line for each owner, the sum, and the verdict; lines end with \n.
  std::string text() const;

 private:
  friend class Auditor;
  Audit(const Charges& ledger, std::optional<std::int64_t> foreign_bytes);

  std::array<Row, kOwners> rows_;
  std::int64_t ledger_bytes_ = 0;
  std::optional<std::int64_t> foreign_bytes_;
  std::optional<StoreRow> store_;
};

// A walk over the page store in steps, between which the dataset may change. There can be one at a
// time. Without a page store there is nothing to walk.
class StoreWalk {
 public:
  StoreWalk();
  ~StoreWalk();
  StoreWalk(const StoreWalk&) = delete;
  StoreWalk& operator=(const StoreWalk&) = delete;

  // Continues for some tens of microseconds. True if all is counted; what is added later needs
  // further steps.
  bool step();
};

// The list of audited owners. Create it at the start: it reads what C libraries hold by then.
class Auditor {
 public:
  // How much C libraries may allocate with malloc, outside of the ledger, after the start: buffers
  // of streams, name resolution, time zones.
  static constexpr std::int64_t kForeignBytes = 256 * 1024;

  Auditor();

  // The owner must outlive the auditor or be removed again.
  void add(const AuditedOwner& owner);
  void remove(const AuditedOwner& owner);

  // Walks everything. Cost: proportional to all memory in use; empties the thread cache.
  Audit run() const;
  // The same with `walked` in the place of `owner`: it has walked step by step what `owner`
  // would walk at once. The rest of the walk over the store is made now.
  Audit run(const AuditedOwner& owner, const AuditedOwner& walked, StoreWalk& store) const;

 private:
  Audit run_with(const AuditedOwner* owner, const AuditedOwner* walked, StoreWalk* store) const;

  std::vector<const AuditedOwner*> audited_owners_;
  std::int64_t foreign_at_start_;
};

}  // namespace larder::memory
