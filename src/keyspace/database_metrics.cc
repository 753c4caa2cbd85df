#include "larder/keyspace/database_metrics.h"

#include <string>

namespace larder::keyspace {

void DatabaseMetrics::refresh() {
  std::string lines;
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) {
    const Database& db = keyspace_.db(i);
    if (db.size() == 0) continue;
    lines += "db" + std::to_string(i) + ":keys=" + std::to_string(db.size()) +
             ",expires=" + std::to_string(db.volatile_size()) +
             ",avg_ttl=" + std::to_string(db.average_ttl_ms) + "\r\n";
  }
  lines_ = std::move(lines);
}

}  // namespace larder::keyspace
