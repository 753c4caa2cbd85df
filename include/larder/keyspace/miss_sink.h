#pragma once

#include <string_view>

namespace larder::keyspace {

// Is told of each key that a read did not find, while the read goes on. Misses are no changes, so
// they do not stand in the change log. Must not change the keyspace, nor write any reply.
class MissSink {
 public:
  virtual ~MissSink() = default;
  virtual void missed(int db, std::string_view key) = 0;
};

}  // namespace larder::keyspace
