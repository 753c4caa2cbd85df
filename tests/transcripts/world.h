#pragma once

// Larder without a socket: the rooms from the engine down, connected, on a clock that the
// runner moves.

#include <memory>

#include "larder/base/clock.h"
#include "larder/base/rng.h"
#include "larder/config/registry.h"
#include "larder/engine/command_table.h"
#include "larder/engine/credentials.h"
#include "larder/engine/executor.h"
#include "larder/engine/limits.h"
#include "larder/engine/settings.h"
#include "larder/eviction/evictor.h"
#include "larder/expiry/sweeper.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/net/settings.h"
#include "larder/resp/reply_buffer.h"

namespace larder::transcripts {

class World {
 public:
  World();

  base::ManualClock clock;
  base::Rng rng{20260101};
  config::Registry registry{"Larder"};
  info::Reporter reporter;
  memory::Auditor auditor;
  keyspace::Settings keyspace_settings{registry};
  keyspace::Metrics keyspace_metrics{reporter};
  keyspace::Keyspace keyspace{clock, rng, keyspace_settings, keyspace_metrics};
  eviction::Settings eviction_settings{registry};
  eviction::Metrics eviction_metrics{reporter, eviction_settings, clock};
  eviction::Evictor evictor{keyspace, eviction_settings, eviction_metrics};
  expiry::Settings expiry_settings{registry};
  expiry::Metrics expiry_metrics{reporter, keyspace};
  expiry::Sweeper sweeper{keyspace, expiry_settings, expiry_metrics};
  engine::Settings engine_settings{registry};
  engine::Metrics engine_metrics{reporter};
  engine::Credentials credentials{engine_settings};
  engine::Sessions sessions;
  engine::GateBoard gates;
  engine::Propagation effects;
  net::ClientSettings client_settings{registry};
  engine::Limits limits{client_settings.proto_max_bulk_len};
  resp::ChunkPool chunks;

  engine::CommandTable& commands() { return *commands_; }
  engine::Executor& executor() { return *executor_; }

 private:
  std::unique_ptr<engine::CommandTable> commands_;
  std::unique_ptr<engine::Executor> executor_;
};

}  // namespace larder::transcripts
