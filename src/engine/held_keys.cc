#include "larder/engine/held_keys.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/engine/command_table.h"
#include "larder/engine/keys.h"
#include "larder/engine/transaction.h"

namespace larder::engine {
namespace {

constexpr std::size_t kResumedTogether = 64;

}  // namespace

void HeldKeys::hold(std::span<const std::string> names) {
  names_.insert(names.begin(), names.end());
  if (!names_.empty()) gates_.hold_keys(this);
}

void HeldKeys::release(std::span<const std::string> names) {
  for (const std::string& name : names) {
    // The one that is in these names: another holder's has the same letters elsewhere.
    const auto [first, end] = names_.equal_range(name);
    const auto found = std::find_if(
        first, end, [&name](std::string_view held) { return held.data() == name.data(); });
    LARDER_ASSERT(found != end);
    names_.erase(found);
  }
  if (names_.empty()) gates_.hold_keys(nullptr);
  // Those that another one still holds wait again, behind these.
  to_resume_ = waiting_.size();
  resume_some();
}

bool HeldKeys::resume_some() {
  const std::size_t now = std::min({to_resume_, waiting_.size(), kResumedTogether});
  if (now > 0) waiting_.resume(now);
  to_resume_ = std::min(to_resume_ - now, waiting_.size());
  return to_resume_ > 0;
}

bool HeldKeys::stops(const Command& command, resp::Args args) const {
  if (!command.has(kWrites | kMayReplicate)) return false;
  if (!names_keys(command)) return command.has(kWrites);
  const auto found = find_key_spans(command, args);
  if (!found) return false;
  bool names_read = false;
  bool names_changed = false;
  bool changes_any = false;
  for_each_key(*found, [&](std::size_t position, std::uint32_t flags) {
    const bool changes = (flags & kRO) == 0;
    changes_any |= changes;
    if (names_.contains(args[position])) (changes ? names_changed : names_read) = true;
    return !names_changed;
  });
  return names_changed || (names_read && !changes_any);
}

bool HeldKeys::stops(const Transaction& transaction) const {
  for (const QueuedCommand* queued = transaction.first(); queued != nullptr;
       queued = queued->next) {
    if (stops(*queued->command->row, queued->words)) return true;
  }
  return false;
}

}  // namespace larder::engine
