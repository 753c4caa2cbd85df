#pragma once

namespace larder::engine {

// The work that is done `hz` times a second, as DEBUG PAUSE-CRON sees it. Whoever does it asks
// here first.
struct Cron {
  bool paused = false;
};

}  // namespace larder::engine
