#pragma once

// Larder in this process with a second one beside it, which is fed with the effects of the first
// alone. After each step the two must hold the same data. Time stands still for the second, so
// that it removes nothing by itself and whatever depends on the time must be passed on.

#include <memory>
#include <string>

#include "in_process_target.h"
#include "larder/engine/propagation.h"

namespace larder::transcripts {

class MirroredTarget final : public InProcessTarget {
 public:
  // Throws std::runtime_error when the comparison does not notice a key that was not passed on.
  MirroredTarget();
  ~MirroredTarget() override;

  void restart() override;
  void clear() override;
  std::string configure(const std::string& name, const std::string& value) override;
  std::string audit() override;
  std::string step_trouble() override;
  std::string reason_to_skip(const std::vector<std::string>& words) override;

 private:
  class Mirror;
  std::unique_ptr<Mirror> mirror_;
};

}  // namespace larder::transcripts
