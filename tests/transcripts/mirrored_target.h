#pragma once

// Larder in this process, and a second Larder that runs only the effects of the first, as a replica
// does: it removes no key and no field by itself. Both clocks advance together. After each step
// both must hold the same data, expired keys and fields included, so every removal must be
// replicated. not_replicated.h lists what is not compared.

#include <memory>
#include <string>

#include "in_process_target.h"
#include "larder/engine/propagation.h"

namespace larder::transcripts {

class MirroredTarget final : public InProcessTarget {
 public:
  // Throws std::runtime_error if the comparison does not detect a key that was not replicated.
  MirroredTarget();
  ~MirroredTarget() override;

  void restart() override;
  void advance_ms(int ms) override;
  void clear() override;
  std::string configure(const std::string& name, const std::string& value) override;
  std::string audit() override;
  std::string step_trouble() override;
  std::string reason_to_skip(const std::vector<std::string>& words) override;
  std::string summary() override;

 private:
  class Mirror;
  std::unique_ptr<Mirror> mirror_;
};

}  // namespace larder::transcripts
