#include "world.h"

#include "larder/commands/index.h"

namespace larder::transcripts {

World::World() {
  engine_settings.enable_debug_command.value(static_cast<int>(engine::Permission::yes));
  engine_settings.enable_protected_configs.value(static_cast<int>(engine::Permission::yes));
  engine::Toolbox tools;
  tools.lend(keyspace);
  tools.lend(sessions);
  tools.lend(credentials);
  tools.lend(limits);
  tools.lend(eviction_settings);
  tools.lend(static_cast<base::Clock&>(clock));
  commands_ = std::make_unique<engine::CommandTable>(commands::index(), tools);
  executor_ = std::make_unique<engine::Executor>(engine::Executor::Parts{
      clock, *commands_, keyspace, evictor, sweeper, gates, effects, engine_metrics});
  auditor.add(keyspace);
}

}  // namespace larder::transcripts
