#pragma once

// Every directive of every room in one registry.

#include "larder/acl/settings.h"
#include "larder/cluster/settings.h"
#include "larder/config/registry.h"
#include "larder/engine/settings.h"
#include "larder/eviction/settings.h"
#include "larder/expiry/settings.h"
#include "larder/keyspace/settings.h"
#include "larder/memory/settings.h"
#include "larder/net/settings.h"
#include "larder/net/tls_settings.h"
#include "larder/observe/settings.h"
#include "larder/persistence/settings.h"
#include "larder/pubsub/settings.h"
#include "larder/replication/settings.h"
#include "larder/scripting/settings.h"
#include "larder/server/settings.h"
#include "larder/types/settings.h"

namespace larder::config {

struct AllSettings {
  Registry registry{"Redis 7.2.4"};
  server::Settings server{registry};
  net::Settings net{registry};
  net::TlsSettings tls{registry};
  net::MetricsSettings metrics{registry};
  engine::Settings engine{registry};
  observe::Settings observe{registry};
  keyspace::Settings keyspace{registry};
  types::Settings types{registry};
  eviction::Settings eviction{registry};
  expiry::Settings expiry{registry};
  memory::Settings memory{registry};
  acl::Settings acl{registry};
  pubsub::Settings pubsub{registry};
  pubsub::TrackingSettings tracking{registry};
  scripting::Settings scripting{registry};
  persistence::Settings persistence{registry};
  replication::Settings replication{registry};
  cluster::Settings cluster{registry};

  std::string get(const std::string& name) const {
    const auto found = registry.get({name});
    return found.size() == 1 ? found[0].second : "(" + std::to_string(found.size()) + " found)";
  }

  // The error's text, or "OK".
  std::string set(const std::vector<std::pair<std::string, std::string>>& pairs,
                  const SetConditions& conditions = {}) {
    const auto done = registry.set(pairs, conditions);
    return done ? "OK" : done.error().text;
  }

  std::string load(const Sources& sources) {
    const auto done = registry.load(sources);
    return done ? "OK" : done.error().text;
  }

  std::string start(const std::vector<std::string>& arguments, const std::string& input = {}) {
    const CommandLine line = read_command_line(arguments);
    return load({line.file, line.standard_input ? input : std::string{}, line.options});
  }
};

}  // namespace larder::config
