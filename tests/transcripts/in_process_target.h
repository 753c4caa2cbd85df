#pragma once

// Larder in this process: bytes go through the parser and the executor as those of a socket
// would, and time stands still until a transcript moves it.

#include <limits>
#include <memory>
#include <string>

#include "target.h"
#include "tests/harness/harness.h"

namespace larder::transcripts {

class InProcessTarget final : public Target {
 public:
  std::unique_ptr<Connection> connect() override;
  void advance_ms(int ms) override;
  int longest_advance_ms() const override { return std::numeric_limits<int>::max(); }
  void restart() override;
  void clear() override;
  std::string configure(const std::string& name, const std::string& value) override;
  std::string audit() override;
  bool is_larder() const override { return true; }
  bool has_jemalloc() override;

 private:
  static std::unique_ptr<server::Harness> make_harness();
  void settle();

  std::unique_ptr<server::Harness> harness_ = make_harness();
};

}  // namespace larder::transcripts
