#pragma once

// Larder in this process: bytes go through the parser and the executor as those of a socket
// would, and time stands still until a transcript moves it.

#include <memory>
#include <string>

#include "larder/server/harness.h"
#include "target.h"

namespace larder::transcripts {

class InProcessTarget final : public Target {
 public:
  std::unique_ptr<Connection> connect() override;
  bool advance_ms(int ms) override;
  void restart() override;
  void clear() override;
  std::string configure(const std::string& name, const std::string& value) override;
  std::string audit() override;
  bool is_larder() const override { return true; }

 private:
  static std::unique_ptr<server::Harness> make_harness();
  void settle();

  std::unique_ptr<server::Harness> harness_ = make_harness();
};

}  // namespace larder::transcripts
