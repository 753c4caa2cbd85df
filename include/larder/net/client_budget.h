#pragma once

// The memory of all clients together and its budget, maxmemory-clients. Read from the ledger: what
// is charged to clients' input and output, to pubsub and to tracking.
//
// From three quarters of the budget on, a connection is not read while its unsent output is more
// than an eighth of what is left; past the budget the largest are disconnected.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "larder/eviction/settings.h"

namespace larder::net {

class ClientBudget {
 public:
  explicit ClientBudget(const eviction::Settings& settings) : settings_(settings) {}

  // Looks at the ledger. `leaving` bytes of it are on their way out. Cost: some 20 ns while there
  // is a budget.
  void measure(std::uint64_t leaving);

  // As last measured.
  bool in_force() const { return limit_ != 0; }
  std::uint64_t limit() const { return limit_; }
  bool is_passed() const { return limit_ != 0 && used_ > limit_; }
  // Unsent bytes from which a connection is not read.
  std::size_t most_unsent() const { return most_unsent_; }

 private:
  static constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();
  std::size_t bound() const;

  const eviction::Settings& settings_;
  std::uint64_t limit_ = 0;
  std::uint64_t used_ = 0;
  std::size_t most_unsent_ = kNoBound;
};

}  // namespace larder::net
