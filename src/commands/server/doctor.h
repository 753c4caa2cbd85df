#pragma once

// The input of MEMORY DOCTOR and its report: a readable text; each advice names the owner or the
// value that it is about.

#include <cstdint>
#include <string>
#include <vector>

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
  std::int64_t limit_bytes = 0;          // maxmemory; 0: none
  std::int64_t client_budget_bytes = 0;  // maxmemory-clients; 0: they have no share of their own
  bool evicts = false;
  std::int64_t expired_bytes = 0;  // past their deadline, not freed
  std::int64_t clients = 0;
  std::int64_t clients_held_back = 0;  // not read because of their unread output
  // The connection that holds most.
  struct LargestClient {
    std::uint64_t id = 0;
    std::string address;
    std::string name;
    std::string last_command;
    std::int64_t input_bytes = 0;
    std::int64_t output_bytes = 0;  // as CLIENT LIST's omem
    std::int64_t total_bytes = 0;
  } culprit;
  // Replicas that are far behind.
  struct Lagging {
    std::string name;
    std::int64_t bytes = 0;
    std::int64_t seconds = 0;
  };
  std::vector<Lagging> lagging;
  std::int64_t spilled_bytes = 0;  // on disk, for them

  std::int64_t of(memory::Owner owner) const { return charges[static_cast<std::size_t>(owner)]; }
  std::int64_t used_bytes() const;
  // The memory that counts against maxmemory.
  std::int64_t counted_bytes() const;
};

std::string diagnose(const Symptoms& symptoms);

}  // namespace larder::commands
