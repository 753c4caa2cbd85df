#pragma once

// A walk over the tables of all databases that moves their blocks to other addresses. It can be
// interrupted anywhere, and any changes may happen meanwhile.

#include <cstddef>
#include <cstdint>

#include "larder/base/budget.h"
#include "larder/memory/mover.h"

namespace larder::keyspace {

class Keyspace;

class TableWalk {
 public:
  explicit TableWalk(Keyspace& keyspace) : keyspace_(keyspace) {}

  // Continues until the budget is spent or the walk is at its end; true at the end, and the next
  // call begins another walk. Between two readings of the clock it passes some segments of a table.
  bool run(memory::Mover& mover, base::Budget& budget);
  // The next call begins another walk.
  void restart() { db_ = table_ = cursor_ = 0; }
  // The part of the tables that this walk has passed, from 0 to 1. Cost: a look at each database.
  double progress() const;

 private:
  static constexpr std::uint32_t kStride = 16;

  Keyspace& keyspace_;
  std::size_t db_ = 0;
  std::size_t table_ = 0;
  std::uint64_t cursor_ = 0;
};

}  // namespace larder::keyspace
