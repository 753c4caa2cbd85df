#include "larder/server/refusal_report.h"

#include <string>

#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"

namespace larder::server {

void RefusalReport::beat() {
  const memory::Refusals refusals = memory::refusals();
  if (refusals.count == reported_ || clock_.steady_ms() < next_ms_) return;
  log_.warning(
      "The system refused memory " + std::to_string(refusals.count - reported_) +
      " times, the last time a block of " + std::to_string(refusals.last_bytes) +
      " bytes, while used_memory was " + std::to_string(memory::used_bytes()) +
      ". The commands that needed it got an error. Set maxmemory below what the system "
      "gives (ulimit -v, the limit of the container, vm.overcommit_memory), or raise that.");
  reported_ = refusals.count;
  next_ms_ = clock_.steady_ms() + kPauseMs;
}

}  // namespace larder::server
