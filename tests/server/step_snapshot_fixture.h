#pragma once

// A server whose snapshots take a few steps in each turn, between which tests run commands.

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "snapshot_folder.h"
#include "tests/harness/harness.h"

namespace larder::server {

using harness::Harness;

// LARDER_SEEDS=first-last runs other seeds than these.
inline std::pair<std::uint64_t, std::uint64_t> seeds(
    std::pair<std::uint64_t, std::uint64_t> otherwise) {
  const char* const range = std::getenv("LARDER_SEEDS");
  if (range == nullptr) return otherwise;
  char* end = nullptr;
  const std::uint64_t first = std::strtoull(range, &end, 10);
  return {first, std::strtoull(end + 1, nullptr, 10)};
}

class StepSnapshots : public SnapshotFolder {
 protected:
  explicit StepSnapshots(const std::string& options = {})
      : harness_(std::make_unique<Harness>(options)), client_(harness_->connect()) {
    // Each look at the clock takes time, so that a turn does only a few steps.
    harness_->clock().us_per_reading = 40;
  }

  Core& core() { return harness_->core(); }
  bool is_saving() { return core().saves.is_saving(); }
  std::string ask(const std::string& lines) { return server::ask(*harness_, *client_, lines); }
  std::string digest() { return ask("DEBUG DIGEST\r\n"); }
  void begin() { ASSERT_EQ(ask("BGSAVE\r\n"), "+Background saving started\r\n"); }
  void turn() {
    core().snapshot_worker.wait(20);
    harness_->end_turn();
  }
  void finish() {
    while (is_saving()) turn();
  }
  // Commands between the steps until the snapshot is complete.
  template <typename Commands>
  void finish_under(Commands& commands) {
    while (is_saving()) {
      client_->exchange(requests_of(commands.next()));
      if (++turns_ % 16 == 0) harness_->advance_ms(100);
    }
  }
  // The digest of the file, as another server loads it at the time of this one.
  std::string loaded_digest(std::int64_t unix_ms) {
    Harness other;
    other.clock().advance_ms(unix_ms - other.clock().unix_ms());
    const auto client = other.connect();
    EXPECT_EQ(client->exchange("DEBUG RELOAD NOSAVE\r\n"), "+OK\r\n");
    return client->exchange("DEBUG DIGEST\r\n");
  }

  std::unique_ptr<Harness> harness_;
  std::unique_ptr<Harness::Client> client_;
  std::uint64_t turns_ = 0;
};

// Occupies the worker until it is released.
class Obstacle final : public disk::Task {
 public:
  void work() override {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [this] { return is_released_; });
  }
  void done() override {}
  void release() {
    const std::lock_guard lock(mutex_);
    is_released_ = true;
    released_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  bool is_released_ = false;
};

}  // namespace larder::server
