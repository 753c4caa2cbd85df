#include "larder/keyspace/change_log.h"

#include <algorithm>
#include <cstring>

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
  command_changed_ = true;
  if (listeners_ > 0) record({Event::flush, Cause::command, db, {}});
}

std::string_view ChangeLog::keep(std::string_view text) {
  if (texts_.empty() || texts_.back().capacity - texts_.back().used < text.size()) {
    const std::size_t capacity = std::max(text.size(), kTextBytes);
    texts_.push_back({std::make_unique_for_overwrite<char[]>(capacity), 0, capacity});
  }
  Text& chunk = texts_.back();
  char* const kept = chunk.bytes.get() + chunk.used;
  if (!text.empty()) std::memcpy(kept, text.data(), text.size());
  chunk.used += text.size();
  return {kept, text.size()};
}

// Several changes of one key, as those of SET with EX, share its name.
void ChangeLog::record(Change change) {
  LARDER_ASSERT(!being_read_);
  const bool again = !entries_.empty() && entries_.back().key == change.key;
  change.key = again ? entries_.back().key : keep(change.key);
  if (change.element) change.element = keep(*change.element);
  entries_.push_back(change);
}

void ChangeLog::clear() {
  command_changed_ = false;
  if (entries_.empty()) return;
  entries_.clear();
  if (entries_.capacity() > kKeptEntries) std::vector<Change>().swap(entries_);
  if (texts_.size() == 1 && texts_.front().capacity == kTextBytes) {
    texts_.front().used = 0;
  } else {
    texts_.clear();
  }
}

}  // namespace larder::keyspace
