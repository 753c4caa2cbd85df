#pragma once

// What replication keeps for a session: that it is a replica or becomes one, or that it waits for
// replicas.

#include "larder/engine/session.h"

namespace larder::replication {

class Follower;

class SessionPart : public engine::Attachment {
 public:
  virtual Follower* follower() { return nullptr; }
};

}  // namespace larder::replication
