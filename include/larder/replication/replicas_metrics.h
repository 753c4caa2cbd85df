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
  static constexpr info::LineFigure kFigures[] = {
      {"offset",
       {.help = "Offset that a replica has acknowledged.", .name = "replica_offset_bytes"}},
      {"lag",
       {.help = "Seconds since a replica was last heard of.", .name = "replica_lag_seconds"}},
  };
  static constexpr info::LineMetrics kMetrics{"slave", "replica", kFigures};

  info::Lines good_{*this, "replication"};  // min_slaves_good_slaves, if it is checked
  info::Lines lines_{*this, "replication", &kMetrics};
};

}  // namespace larder::replication
