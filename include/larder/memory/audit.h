#pragma once

// The audit: whoever holds bytes walks what it holds and says what it found; the audit lays
// that beside the ledger, owner by owner, and the ledger's sum beside the allocator's own
// count. A difference is a bug in the accounting.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "larder/memory/ledger.h"

namespace larder::memory {

class Audit;

// Whoever can walk what some owners hold. testify() calls Audit::found for each block or sum,
// with sizes as charged (size_class), also with 0 for an owner of which it holds nothing.
class Witness {
 public:
  virtual ~Witness() = default;
  virtual void testify(Audit& audit) const = 0;
};

class Audit {
 public:
  struct Row {
    Owner owner;
    std::int64_t ledger_bytes;
    // Nothing: no witness walked this owner, as always for `runtime`.
    std::optional<std::int64_t> walked_bytes;

    bool balanced() const { return !walked_bytes || *walked_bytes == ledger_bytes; }
  };

  void found(Owner owner, std::int64_t bytes);

  const std::array<Row, kOwners>& rows() const { return rows_; }
  std::int64_t ledger_bytes() const { return ledger_bytes_; }
  // What the allocator handed out beyond the ledger and beyond what C libraries held at the
  // start; nothing where the allocator counts in other sizes than the ledger.
  std::optional<std::int64_t> foreign_bytes() const { return foreign_bytes_; }
  // Each walked owner to the byte, and the sum to within Auditor::kForeignBytes.
  bool balanced() const;
  // One line for each owner, the sum, and the verdict; lines end with \n.
  std::string text() const;

 private:
  friend class Auditor;
  Audit(const Charges& ledger, std::optional<std::int64_t> foreign_bytes);

  std::array<Row, kOwners> rows_;
  std::int64_t ledger_bytes_ = 0;
  std::optional<std::int64_t> foreign_bytes_;
};

// Knows the witnesses. Build it at the start: it notes what C libraries hold by then.
class Auditor {
 public:
  // How much C libraries may take from malloc beside the ledger after the start: buffers of
  // streams, name resolution, time zones.
  static constexpr std::int64_t kForeignBytes = 256 * 1024;

  Auditor();

  // The witness must outlive the auditor or be taken off again.
  void add(const Witness& witness);
  void remove(const Witness& witness);

  // Walks everything. Cost: proportional to what is held; empties the thread cache.
  Audit run() const;
  // The same with `walked` in the place of `witness`: it has walked step by step what `witness`
  // would walk at once.
  Audit run(const Witness& witness, const Witness& walked) const;

 private:
  Audit run_with(const Witness* witness, const Witness* walked) const;

  std::vector<const Witness*> witnesses_;
  std::int64_t foreign_at_start_;
};

}  // namespace larder::memory
