#include "larder/keyspace/table_walk.h"

#include <cmath>

#include "larder/keyspace/keyspace.h"

namespace larder::keyspace {

std::uint64_t Database::relocate_table(std::size_t table, std::uint64_t cursor,
                                       memory::Mover& mover) {
  switch (table) {
    case 0:
      return entries_.relocate_blocks(cursor, mover);
    case 1:
      return expires_.relocate_blocks(cursor, mover);
    default:
      return element_expires_.relocate_blocks(cursor, mover);
  }
}

bool TableWalk::run(memory::Mover& mover, base::Budget& budget) {
  while (db_ < keyspace_.databases()) {
    cursor_ = keyspace_.db(db_).relocate_table(table_, cursor_, mover);
    if (cursor_ == 0 && ++table_ == Database::kTables) {
      table_ = 0;
      ++db_;
    }
    if (budget.spent(kStride)) break;
  }
  if (db_ < keyspace_.databases()) return false;
  restart();
  return true;
}

double TableWalk::progress() const {
  const double part = std::ldexp(static_cast<double>(cursor_), -47);
  return keyspace_.share_before(db_, (static_cast<double>(table_) + part) / Database::kTables);
}

}  // namespace larder::keyspace
