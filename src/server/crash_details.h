#pragma once

// The part of crash reports about the server, and the report when the system has no memory left.

#include <span>
#include <string>
#include <string_view>

#include "larder/engine/executor.h"
#include "larder/info/info.h"
#include "larder/process/crash.h"

namespace larder::server {

class CrashDetails final : public process::CrashDetails {
 public:
  // From here on memory that the system did not give ends the process with a report.
  CrashDetails(info::Reporter& reporter, const engine::Executor& executor);
  ~CrashDetails() override;
  CrashDetails(const CrashDetails&) = delete;
  CrashDetails& operator=(const CrashDetails&) = delete;

  std::string_view version() const override { return version_; }
  // The command and its client.
  void running(std::span<char> lines) const override;
  // All sections of INFO.
  std::string info() override;

 private:
  info::Reporter& reporter_;
  const engine::Executor& executor_;
  std::string version_;
};

}  // namespace larder::server
