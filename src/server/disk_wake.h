#pragma once

// Wakes the event loop when the thread for files has finished a task.

#include "larder/disk/worker.h"
#include "larder/net/loop.h"

namespace larder::server {

class DiskWake final : public net::Watch {
 public:
  // Whether finished tasks are delivered while a script runs for long. Those of the journal are, so
  // that replies that wait for a sync are sent; those of snapshots are not, because they continue
  // with work on the data.
  enum class WhileBusy : std::uint8_t { waits, is_served };

  DiskWake(net::Loop& loop, disk::Worker& worker, WhileBusy while_busy)
      : loop_(loop), worker_(worker), while_busy_(while_busy) {
    loop_.watch(worker_.descriptor(), net::kReadable, *this);
  }
  ~DiskWake() override { loop_.forget(*this); }

  void on_ready(unsigned) override { worker_.deliver(); }
  bool is_served_within() const override { return while_busy_ == WhileBusy::is_served; }

 private:
  net::Loop& loop_;
  disk::Worker& worker_;
  const WhileBusy while_busy_;
};

}  // namespace larder::server
