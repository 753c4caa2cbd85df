#pragma once

// What MEMORY DOCTOR looks at and what it says. Plain words for people; each advice names the
// owner or the figure it is about.

#include <cstdint>
#include <string>

#include "larder/memory/ledger.h"

namespace larder::commands {

struct Symptoms {
  memory::Charges charges{};
  std::int64_t startup_bytes = 0;
  std::int64_t peak_bytes = 0;
  std::int64_t rss_bytes = 0;
  // The allocator's: handed out, in pages that hold something, in memory.
  std::int64_t allocated_bytes = 0;
  std::int64_t active_bytes = 0;
  std::int64_t resident_bytes = 0;
  std::int64_t limit_bytes = 0;  // maxmemory; 0: none
  bool evicts = false;
  std::int64_t expired_bytes = 0;  // past their deadline, not freed
  std::int64_t clients = 0;
  // The connection with the most unsent replies.
  struct Culprit {
    std::uint64_t id = 0;
    std::string address;
    std::string name;
    std::int64_t output_bytes = 0;
  } culprit;

  std::int64_t of(memory::Owner owner) const { return charges[static_cast<std::size_t>(owner)]; }
  std::int64_t used_bytes() const;
};

std::string diagnose(const Symptoms& symptoms);

}  // namespace larder::commands
