#include "larder/keyspace/change_log.h"

#include <algorithm>

#include "larder/base/assert.h"

namespace larder::keyspace {
namespace {

// The capacity that the log keeps for the next command: the names of a few hundred keys, and this
// many changes.
constexpr std::size_t kTextBytes = 8 << 10;
constexpr std::size_t kKeptEntries = 1024;

}  // namespace

void ChangeLog::add_flush(int db, std::uint64_t keys) {
  changes_ += keys;
  if (listeners_ > 0) record({Event::flush, Cause::command, db, {}});
}

std::string_view ChangeLog::keep(std::string_view text) {
  if (texts_.empty() || texts_.back().capacity() - texts_.back().size() < text.size()) {
    texts_.emplace_back().reserve(std::max(text.size(), kTextBytes));
  }
  Text& chunk = texts_.back();
  const std::size_t at = chunk.size();
  chunk.insert(chunk.end(), text.begin(), text.end());
  return {chunk.data() + at, text.size()};
}

void ChangeLog::record(Change change) {
  LARDER_ASSERT(!being_read_);
  change.key = keep(change.key);
  if (change.element) change.element = keep(*change.element);
  entries_.push_back(change);
}

void ChangeLog::clear() {
  entries_.clear();
  if (entries_.capacity() > kKeptEntries) std::vector<Change>().swap(entries_);
  if (texts_.size() == 1 && texts_.front().capacity() <= kTextBytes) return texts_.front().clear();
  texts_.clear();
}

}  // namespace larder::keyspace
