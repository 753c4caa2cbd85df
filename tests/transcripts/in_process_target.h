#pragma once

// Larder in this process: bytes pass through the parser and the executor like those of a socket,
// and the time changes only when a transcript advances it.

#include <limits>
#include <memory>
#include <string>

#include "change_check.h"
#include "target.h"
#include "tests/harness/harness.h"

namespace larder::transcripts {

class InProcessTarget : public Target {
 public:
  // With a check of the before-change hook around each step; or with entries and values that get
  // other addresses at any time that this is allowed.
  enum class Check : std::uint8_t { none, before_change, moving };
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

 protected:
  static std::string configure(harness::Harness& harness, const std::string& name,
                               const std::string& value);
  harness::Harness& harness() { return *harness_; }

 private:
  void begin();
  // That test mode made in this server.
  std::uint64_t moves() const;
  void settle();

  const Check checks_;
  std::unique_ptr<harness::Harness> harness_;
  std::unique_ptr<ChangeCheck> check_;
  std::uint64_t changes_ = 0;  // of the checks before
  std::uint64_t moves_ = 0;    // of servers before this one
};

}  // namespace larder::transcripts
