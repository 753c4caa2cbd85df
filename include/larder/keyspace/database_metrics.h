#pragma once

// INFO's section keyspace: a line for each database that holds keys.

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
  info::Lines lines_{*this, "keyspace"};
};

}  // namespace larder::keyspace
