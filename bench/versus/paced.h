#pragma once

// Requests at a fixed rate, and how long the replies take.

#include <cstdint>

#include "workload.h"

namespace larder::versus {

struct PacedLoad {
  int port;
  Workload workload;  // its pipeline is what a client sends at once
  int clients;
  double rate;  // requests a second of all clients together
  double seconds;
};

struct PacedResult {
  std::uint64_t operations = 0;
  double seconds = 0;
  // From the moment when a request was due, so that a wait is not left out because the client sent
  // nothing in the meantime.
  double p999_us = 0;
  double longest_us = 0;
};

// SIGTERM ends it earlier. Ends with the last reply. Sleeps between the requests, so that it leaves
// its processor to others.
PacedResult run_paced(const PacedLoad& load);

}  // namespace larder::versus
