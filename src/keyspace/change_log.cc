#include "larder/keyspace/change_log.h"

namespace larder::keyspace {

void ChangeLog::add_flush(int db, std::uint64_t keys) {
  changes_ += keys;
  if (listeners_ > 0) record({events::kFlush, Cause::command, db, {}});
}

std::string_view ChangeLog::keep(std::string_view text) {
  const Text& kept = texts_.emplace_back(text.begin(), text.end());
  return {kept.data(), kept.size()};
}

void ChangeLog::record(Change change) {
  change.key = keep(change.key);
  if (change.element) change.element = keep(*change.element);
  entries_.push_back(change);
}

void ChangeLog::clear() {
  entries_.clear();
  texts_.clear();
}

}  // namespace larder::keyspace
