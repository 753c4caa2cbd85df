#pragma once

// Every directive of every room in one registry, in the order of the printed file.

#include "larder/acl/settings.h"
#include "larder/cluster/settings.h"
#include "larder/config/registry.h"
#include "larder/engine/identity.h"
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

namespace larder::server {

struct Configuration {
  config::Registry registry{"Larder " + std::string(engine::kLarderVersion)};
  net::Settings net{registry};
  net::TlsSettings tls{registry};
  net::MetricsSettings metrics{registry};
  server::Settings server{registry};
  keyspace::Settings keyspace{registry};
  eviction::Settings eviction{registry};
  expiry::Settings expiry{registry};
  memory::Settings memory{registry};
  types::Settings types{registry};
  engine::Settings engine{registry};
  observe::Settings observe{registry};
  acl::Settings acl{registry};
  pubsub::Settings pubsub{registry};
  pubsub::TrackingSettings tracking{registry};
  scripting::Settings scripting{registry};
  persistence::Settings persistence{registry};
  replication::Settings replication{registry};
  cluster::Settings cluster{registry};
  // The file that was read, with its whole path; empty when there was none.
  std::string file;
};

}  // namespace larder::server
