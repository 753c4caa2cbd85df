#pragma once

#include <cstdint>
#include <string_view>

namespace larder::engine {

class Session;

// What sessions hear, as access control asks it when a user loses channels.
class Subscriptions {
 public:
  enum class Kind : std::uint8_t { channel, pattern, shard_channel };
  // Told each subscription; true ends the walk.
  class Visitor {
   public:
    virtual ~Visitor() = default;
    virtual bool visit(Kind kind, std::string_view name) = 0;
  };

  virtual ~Subscriptions() = default;
  // Whether the visitor ended the walk over what the session hears.
  virtual bool any(const Session& session, Visitor& visitor) const = 0;
};

}  // namespace larder::engine
