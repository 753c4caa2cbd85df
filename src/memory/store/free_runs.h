#pragma once

// The free runs of one state in lists by size: one list for each size below 64 pages, then eight
// for each doubling. Finding a run of a size takes a few instructions, however many there are.

#include <array>
#include <cstddef>
#include <cstdint>

#include "run_table.h"

namespace larder::memory {

class FreeRuns {
 public:
  explicit FreeRuns(RunTable& runs) : runs_(runs) {}

  void add(RunId id);
  void remove(RunId id);

  // A run of at least `pages`, among the smallest of those; kNoRun if there is none. It stays here.
  RunId find(std::uint32_t pages) const;
  // A run of about the smallest size.
  RunId smallest() const;

  // Of all runs here.
  std::size_t pages() const { return pages_; }

 private:
  static constexpr std::size_t kExact = 64;
  static constexpr std::size_t kLists = kExact + 8 * (32 - 6);

  static std::size_t list_of(std::uint32_t pages);
  // The first list all of whose runs have `pages` or more.
  static std::size_t list_from(std::uint32_t pages);
  std::size_t next_used(std::size_t list) const;

  RunTable& runs_;
  std::array<RunId, kLists> first_{};
  std::array<std::uint64_t, (kLists + 63) / 64> used_{};  // a bit for each list that is not empty
  std::size_t pages_ = 0;
};

}  // namespace larder::memory
