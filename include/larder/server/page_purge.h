#pragma once

// The memory::Purger of the server: a thread of its own, which the first purge starts.

#include "larder/disk/worker.h"
#include "larder/memory/purger.h"

namespace larder::server {

class PagePurge final : public memory::Purger, private disk::Task {
 public:
  void start() override;
  bool wait(std::int64_t us) override;
  const base::Result<void>& result() const override { return result_; }

 private:
  void work() override;
  void done() override { at_work_ = false; }

  bool at_work_ = false;
  base::Result<void> result_;
  // Its thread ends first.
  disk::Worker worker_{{.name = "purge"}};
};

}  // namespace larder::server
