#pragma once

#include <cstdint>
#include <string_view>

namespace larder::engine {

class Session;

// The subscriptions of sessions, for access control when a user loses channels.
class Subscriptions {
 public:
  enum class Kind : std::uint8_t { channel, pattern, shard_channel };
  // Called for each subscription; true ends the walk.
  class Visitor {
   public:
    virtual ~Visitor() = default;
    virtual bool visit(Kind kind, std::string_view name) = 0;
  };

  virtual ~Subscriptions() = default;
  // True if the visitor ended the walk over the subscriptions of the session.
  virtual bool any(const Session& session, Visitor& visitor) const = 0;
};

}  // namespace larder::engine
