#pragma once

// The fields of INFO replication about the replicas of this server.

#include "larder/info/info.h"
#include "larder/replication/metrics.h"
#include "larder/replication/replicas.h"

namespace larder::replication {

class ReplicasMetrics final : public info::Group {
 public:
  ReplicasMetrics(info::Reporter& reporter, const Replicas& replicas, const Settings& settings,
                  const Feed& feed, Metrics& metrics)
      : Group(reporter), replicas_(replicas), settings_(settings), feed_(feed), metrics_(metrics) {}

  void refresh() override;

 private:
  const Replicas& replicas_;
  const Settings& settings_;
  const Feed& feed_;
  Metrics& metrics_;
  // min_slaves_good_slaves, if it is checked, and a line for each replica.
  info::Lines lines_{*this, "replication"};
};

}  // namespace larder::replication
