#pragma once

// A snapshot by a forked process, which has the data of the moment of the fork: the system copies
// each page that the server or the process changes afterwards.

#include <sys/types.h>

#include <string>

#include "snapshot_method.h"

namespace larder::persistence {

class ForkSnapshot final : public SnapshotMethod {
 public:
  ForkSnapshot(const BackgroundSnapshot::Parts& parts, const SnapshotOrder& order);
  // Ends the process.
  ~ForkSnapshot() override;

  base::Result<void> start() override;
  bool run(std::int64_t) override { return false; }
  void beat() override;
  void cancel() override;
  bool abandon(std::int64_t us) override;
  void report_bytes(memory::Audit&) const override {}

 private:
  // What the process reports through the pipe.
  struct Report {
    std::uint64_t keys = 0;
    std::uint64_t copied_bytes = 0;
  };
  class Reporter;

  SnapshotSource source() const;
  [[noreturn]] void run_child();
  base::Result<void> write_file(Reporter& reporter);
  void read_reports();
  void note_exit(int status);
  void close_pipe();

  const BackgroundSnapshot::Parts parts_;
  const SnapshotOrder order_;
  SnapshotResult outcome_;
  pid_t child_ = -1;
  int pipe_[2] = {-1, -1};
};

}  // namespace larder::persistence
