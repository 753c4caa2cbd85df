#include "larder/eviction/page_limit.h"

#include <algorithm>

namespace larder::eviction {

namespace {

// The moving that a command pays for.
constexpr std::uint64_t kMostSteps = 9;
constexpr std::int64_t kMostUs = 40;
constexpr std::int64_t kGoOnUs = 100;
// A pass over all values must be able to return one of so many bytes. One over the tables, which
// are small, is worth less.
constexpr std::uint64_t kLeastGain = 64;
constexpr std::uint64_t kLeastGainOfTables = 256;
// Otherwise it is considered again when the holes have grown by so many parts of the slack.
constexpr std::uint64_t kLooks = 64;

// Entries begin to move here, which is a hundredth of maxmemory and 1 MB below the edge, and passes
// should be over.
std::uint64_t where_entries_move(std::uint64_t maxmemory) {
  return maxmemory + PageLimit::slack(maxmemory) - maxmemory / 100 - (1 << 20);
}

double part(std::uint64_t at, std::uint64_t begin, std::uint64_t end) {
  if (at <= begin) return 0;
  return std::min(1.0, static_cast<double>(at - begin) / static_cast<double>(end - begin));
}

}  // namespace

void PageLimit::bound_free_pages(const Use& use) {
  if (use.maxmemory == 0) return memory::set_spare_page_bytes(memory::kAnySparePages);
  const std::uint64_t soft = where_entries_move(use.maxmemory);
  memory::set_spare_page_bytes(soft - std::min(soft, use.with_holes()));
}

void PageLimit::move_some(const Use& use) {
  bound_free_pages(use);
  base::Budget budget = evacuator_.budget(kMostUs);
  move_others(use, budget);
  const std::uint64_t edge = use.maxmemory + slack(use.maxmemory);
  const std::uint64_t soft = where_entries_move(use.maxmemory);
  const double due = part(use.with_holes(), soft, edge);
  const auto steps = due == 0 ? 0 : 1 + static_cast<std::uint64_t>(due * (kMostSteps - 1));
  for (std::uint64_t i = 0; i < steps && use.with_holes() > soft; ++i) {
    if (!evacuator_.move_entries() || budget.spent()) break;
  }
}

// A pass returns most of its pages at its end, so it should be as far as the slack is used up.
void PageLimit::move_others(const Use& use, base::Budget& budget) {
  const std::uint64_t begin = where_moving_begins(use.maxmemory);
  if (use.with_holes() <= begin) return;
  if (!evacuator_.is_in_pass() && !begin_pass(use)) return;
  const double due = part(use.with_holes(), begin, where_entries_move(use.maxmemory));
  while (evacuator_.pass_progress() <= due) {
    base::Budget small = evacuator_.budget(0);
    if (!evacuator_.step_pass(small) || !evacuator_.is_in_pass() || budget.spent()) break;
  }
}

// Each kind is considered again when the holes have grown. One that is worth a pass, but may not
// move now, is considered the next time.
bool PageLimit::begin_pass(const Use& use) {
  using memory::BlockKind;
  const std::uint64_t holes = memory::wasted_page_bytes();
  for (const BlockKind kind : {BlockKind::table, BlockKind::value}) {
    std::uint64_t& looked_at = holes_looked_at_[static_cast<std::size_t>(kind)];
    looked_at = std::min(looked_at, holes);
    if (holes < looked_at + slack(use.maxmemory) / kLooks) continue;
    const memory::PageUse pages = memory::page_use();
    const std::uint64_t gain = kind == BlockKind::table ? kLeastGainOfTables : kLeastGain;
    const bool is_worth_it = pages.recoverable(kind) * gain >= pages.live_bytes;
    if (is_worth_it && !evacuator_.may_begin(kind)) return false;
    looked_at = holes;
    if (is_worth_it) return evacuator_.begin_pass(kind), true;
  }
  return false;
}

void PageLimit::go_on() {
  if (!evacuator_.is_in_pass()) return;
  base::Budget budget = evacuator_.budget(kGoOnUs);
  evacuator_.step_pass(budget);
}

bool PageLimit::move_more(const Use& use) {
  if (evacuator_.move_entries()) return true;
  if (!evacuator_.is_in_pass() && !begin_pass(use)) return false;
  base::Budget small = evacuator_.budget(0);
  return evacuator_.step_pass(small);
}

}  // namespace larder::eviction
