#pragma once

#include <string_view>

namespace larder::keyspace {

// Called for each key that a read did not find, during the read. Misses are not changes, so they
// are not in the change log. Must not change the keyspace or write a reply.
class MissSink {
 public:
  virtual ~MissSink() = default;
  virtual void missed(int db, std::string_view key) = 0;
};

}  // namespace larder::keyspace
