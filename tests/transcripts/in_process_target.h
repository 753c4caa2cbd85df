#pragma once

// Larder in this process: bytes go through the parser and the executor as those of a socket
// would, and time stands still until a transcript moves it.

#include <limits>
#include <memory>
#include <string>

#include "change_check.h"
#include "larder/server/harness.h"
#include "target.h"

namespace larder::transcripts {

class InProcessTarget final : public Target {
 public:
  // With a check of the hook before a change around each step, or without.
  enum class Check : std::uint8_t { none, before_change };
  explicit InProcessTarget(Check check);

  std::unique_ptr<Connection> connect() override;
  void advance_ms(int ms) override;
  int longest_advance_ms() const override { return std::numeric_limits<int>::max(); }
  void restart() override;
  void clear() override;
  std::string configure(const std::string& name, const std::string& value) override;
  std::string audit() override;
  bool is_larder() const override { return true; }
  bool has_jemalloc() override;
  std::string trouble() override;
  std::string summary() override;

 private:
  void begin();
  void settle();

  const Check checks_;
  std::unique_ptr<server::Harness> harness_;
  std::unique_ptr<ChangeCheck> check_;
  std::uint64_t changes_ = 0;  // of the checks before
};

}  // namespace larder::transcripts
