#pragma once

// Wakes the event loop when the thread for files has finished a task.

#include "larder/disk/worker.h"
#include "larder/net/loop.h"

namespace larder::server {

class DiskWake final : public net::Watch {
 public:
  DiskWake(net::Loop& loop, disk::Worker& worker) : loop_(loop), worker_(worker) {
    loop_.watch(worker_.descriptor(), net::kReadable, *this);
  }
  ~DiskWake() override { loop_.forget(*this); }

  void on_ready(unsigned) override { worker_.deliver(); }
  // Replies wait for the journal; a snapshot continues between two commands of the script.
  bool is_served_within() const override { return true; }

 private:
  net::Loop& loop_;
  disk::Worker& worker_;
};

}  // namespace larder::server
