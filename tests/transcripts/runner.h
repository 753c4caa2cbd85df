#pragma once

// Runs cases against a target and counts their results.

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
  // Called with every reply; false ends the case as failed.
  using OnReply = std::function<bool(const Step&, const Lines&)>;

  explicit Runner(Target& target) : target_(target) {}

  // Starts from an empty keyspace and new connections; restores the directives that the case set;
  // Larder's memory audit must balance afterwards.
  Verdict run(const Case& about, Protocol protocol);

  // The same steps, without comparison: passes the replies to `on_reply`. Waits `silence_ms` until
  // it decides that there is no reply.
  Verdict perform(const Case& about, Protocol protocol, int silence_ms, const OnReply& on_reply);

  // Why this case does not apply to the target and protocol; empty if it does.
  std::string reason_to_skip(const Case& about, Protocol protocol) const;

 private:
  Target& target_;
};

}  // namespace larder::transcripts
