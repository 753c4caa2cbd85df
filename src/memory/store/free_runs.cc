#include "free_runs.h"

#include <bit>

namespace larder::memory {

std::size_t FreeRuns::list_of(std::uint32_t pages) {
  if (pages < kExact) return pages;
  const unsigned doubling = static_cast<unsigned>(std::bit_width(pages)) - 1;
  return kExact + (doubling - 6) * 8 + ((pages >> (doubling - 3)) & 7);
}

std::size_t FreeRuns::list_from(std::uint32_t pages) {
  const std::size_t list = list_of(pages);
  if (pages < kExact) return list;
  const unsigned doubling = static_cast<unsigned>(std::bit_width(pages)) - 1;
  const std::uint32_t rest = pages & ((std::uint32_t{1} << (doubling - 3)) - 1);
  return rest == 0 ? list : list + 1;
}

std::size_t FreeRuns::next_used(std::size_t list) const {
  for (std::size_t word = list / 64; word < used_.size(); ++word) {
    const std::uint64_t from = word == list / 64 ? ~std::uint64_t{0} << (list % 64) : ~0ULL;
    if (const std::uint64_t bits = used_[word] & from) {
      return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    }
  }
  return kLists;
}

void FreeRuns::add(RunId id) {
  Run& run = runs_[id];
  const std::size_t list = list_of(run.pages);
  run.previous = kNoRun;
  run.next = first_[list];
  if (run.next != kNoRun) runs_[run.next].previous = id;
  first_[list] = id;
  used_[list / 64] |= std::uint64_t{1} << (list % 64);
  pages_ += run.pages;
}

void FreeRuns::remove(RunId id) {
  const Run& run = runs_[id];
  if (run.next != kNoRun) runs_[run.next].previous = run.previous;
  if (run.previous != kNoRun) {
    runs_[run.previous].next = run.next;
  } else {
    const std::size_t list = list_of(run.pages);
    first_[list] = run.next;
    if (run.next == kNoRun) used_[list / 64] &= ~(std::uint64_t{1} << (list % 64));
  }
  pages_ -= run.pages;
}

RunId FreeRuns::find(std::uint32_t pages) const {
  // In the list of its size, other runs may be smaller.
  const RunId same = first_[list_of(pages)];
  if (same != kNoRun && runs_[same].pages >= pages) return same;
  const std::size_t list = next_used(list_from(pages));
  return list == kLists ? kNoRun : first_[list];
}

RunId FreeRuns::smallest() const {
  const std::size_t list = next_used(1);
  return list == kLists ? kNoRun : first_[list];
}

}  // namespace larder::memory
