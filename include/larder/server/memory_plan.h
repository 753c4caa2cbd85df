#pragma once

// How the memory that the system allows is divided: what the process needs beside maxmemory, and
// maxmemory itself if it is `auto` or a percentage.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/base/result.h"
#include "larder/engine/session.h"
#include "larder/info/info.h"
#include "larder/process/memory_limit.h"
#include "larder/replication/replicas.h"
#include "larder/server/configuration.h"

namespace larder::server {

class MemoryPlan final : public info::Group {
 public:
  // `root` stands before the system's paths.
  MemoryPlan(info::Reporter& reporter, Configuration& configuration,
             const engine::Sessions& sessions, base::Log& log, const base::Clock& clock,
             const replication::Replicas* replicas = nullptr, std::string root = "");

  // Once a second: maxmemory follows the system's limit and the directives that it depends on.
  void beat();
  void refresh() override;

  // What has a bound of its own and is not part of maxmemory.
  struct Need {
    std::string_view name;
    std::int64_t bytes;
  };
  std::vector<Need> needs() const;
  // What has no bound, or a bound that is the system's.
  std::vector<std::string_view> unbounded() const;
  // The most that the process takes with this maxmemory, apart from what is unbounded, from
  // sockets, and from what is kept for replicas.
  std::int64_t bound_of(std::int64_t maxmemory) const;
  // The most that the system's buffers for the clients that are connected take. `auto`
  // leaves nothing for them, because maxmemory would change whenever clients come and go.
  std::int64_t bound_of_sockets() const;
  // The most that is kept in memory for the replicas that are connected, beside the backlog. `auto`
  // leaves nothing for it either.
  std::int64_t bound_of_replicas() const;

 private:
  static constexpr std::int64_t kPauseMs = 1000;

  // Computes maxmemory if it is `auto` or a percentage.
  base::Result<void> apply();
  void find();
  std::int64_t automatic() const;
  std::int64_t wanted() const;
  std::string explanation() const;
  bool has_replicas() const { return replicas_ != nullptr && replicas_->size() > 0; }
  std::int64_t most_behind() const;
  bool follows_a_primary() const;

  Configuration& configuration_;
  const engine::Sessions& sessions_;
  base::Log& log_;
  const base::Clock& clock_;
  const replication::Replicas* replicas_;
  std::string root_;
  process::MemoryLimit limit_;
  std::int64_t read_at_ms_;

  info::Gauge process_limit_{*this,
                             "memory",
                             "process_memory_limit",
                             {.help = "Memory that the system allows for the process.",
                              .name = "process_memory_limit_bytes"}};
  info::Gauge process_bound_{*this,
                             "memory",
                             "process_memory_bound",
                             {.help = "The most that maxmemory and everything with a bound of its "
                                      "own take together; 0 without maxmemory.",
                              .name = "process_memory_bound_bytes"}};
  info::Text process_unbounded_{*this, "memory", "process_memory_unbounded"};
};

}  // namespace larder::server
