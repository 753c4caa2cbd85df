#pragma once

// Runs cases against a target and counts how they ended.

#include <functional>
#include <string>

#include "client.h"
#include "match.h"
#include "script.h"
#include "target.h"

namespace larder::transcripts {

enum class Outcome : std::uint8_t { passed, failed, skipped };

struct Verdict {
  Outcome outcome = Outcome::passed;
  std::string text;  // what went wrong, or why it was skipped
};

class Runner {
 public:
  // Told every reply; false ends the case as failed.
  using Hear = std::function<bool(const Step&, const Lines&)>;

  explicit Runner(Target& target) : target_(target) {}

  // Starts from an empty keyspace and new connections; puts back what the case configured;
  // Larder's memory audit must balance afterwards.
  Verdict run(const Case& about, Protocol protocol);

  // The same steps, without comparison: passes the replies to `hear`. Waits `silence_ms` until it
  // decides that there is no reply.
  Verdict perform(const Case& about, Protocol protocol, int silence_ms, const Hear& hear);

  // Why this case does not concern the target and protocol; empty when it does.
  std::string reason_to_skip(const Case& about, Protocol protocol) const;

 private:
  Target& target_;
};

}  // namespace larder::transcripts
