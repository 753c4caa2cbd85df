#pragma once

// The section keyspace of INFO: a line for each database with keys.

#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace larder::keyspace {

class DatabaseMetrics final : public info::Group {
 public:
  DatabaseMetrics(info::Reporter& reporter, const Keyspace& keyspace)
      : Group(reporter), keyspace_(keyspace) {}

  void refresh() override;

 private:
  const Keyspace& keyspace_;
  static constexpr info::LineFigure kFigures[] = {
      {"keys", {.help = "Keys of a database.", .name = "db_keys"}},
      {"expires", {.help = "Keys of a database that have a deadline.", .name = "db_keys_expiring"}},
      {"avg_ttl",
       {.help = "Mean time to live of keys with a deadline.",
        .name = "db_avg_ttl_seconds",
        .decimals = 3}},
  };
  static constexpr info::LineMetrics kMetrics{"db", "db", kFigures};

  info::Lines lines_{*this, "keyspace", &kMetrics};
};

}  // namespace larder::keyspace
