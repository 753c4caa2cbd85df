#pragma once

// Larder in this very process, without sockets, on a clock that moves when it is told to.

#include "larder/server/harness.h"
#include "target.h"

namespace larder::transcripts {

class InProcessTarget final : public Target {
 public:
  std::unique_ptr<Connection> connect() override;
  bool advance_ms(int ms) override;
  bool is_larder() const override { return true; }

 private:
  server::Harness harness_;
};

}  // namespace larder::transcripts
