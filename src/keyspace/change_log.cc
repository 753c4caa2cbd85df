#include "larder/keyspace/change_log.h"

namespace larder::keyspace {

void ChangeLog::add_flush(int db, std::uint64_t keys) {
  changes_ += keys;
  if (listeners_ > 0) record({events::kFlush, Cause::command, db, {}});
}

void ChangeLog::record(Change change) {
  keys_.emplace_back(change.key.begin(), change.key.end());
  const Text& kept = keys_.back();
  change.key = {kept.data(), kept.size()};
  entries_.push_back(change);
}

void ChangeLog::clear() {
  entries_.clear();
  keys_.clear();
}

}  // namespace larder::keyspace
