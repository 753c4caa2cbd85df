#pragma once

// A server in process, for tests: the real core with clients without sockets, and a clock that
// tests advance.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/engine/host.h"
#include "larder/engine/output_source.h"
#include "larder/engine/session.h"
#include "larder/memory/audit.h"
#include "larder/resp/reader.h"
#include "larder/resp/reply_buffer.h"
#include "larder/resp/request.h"
#include "larder/server/configuration.h"
#include "larder/server/core.h"

namespace larder::harness {

// A clock that tests advance. With a step, each reading within a turn advances it too, so that time
// budgets end after a known number of readings.
class HarnessClock final : public base::Clock {
 public:
  HarnessClock() {
    unix_us_ = 1'700'000'000'000'000;
    steady_us_ = 1'000'000;
  }
  void tick() override {}
  std::int64_t steady_now_us() const override {
    return steady_us_ + passed_us_.fetch_add(us_per_reading, std::memory_order_relaxed) +
           us_per_reading;
  }
  void advance_ms(std::int64_t ms) { advance_us(ms * 1000); }
  void advance_us(std::int64_t us) {
    unix_us_ += us;
    steady_us_ += us;
  }

  std::int64_t us_per_reading = 0;

 private:
  mutable std::atomic<std::int64_t> passed_us_ = 0;  // threads for files read it too
};

class Harness final : public memory::AuditedOwner {
 public:
  class Client;

  // `options` are lines of a configuration file. DEBUG is allowed; nothing is logged.
  explicit Harness(const std::string& options = {});
  ~Harness() override;
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  std::unique_ptr<Client> connect();

  // The end of a turn; clients that it has unblocked continue with their pending input. True if
  // work is left.
  bool end_turn();
  // Advances the time, and runs the periodic work every 100 ms.
  void advance_ms(std::int64_t ms);

  server::Core& core() { return *core_; }
  HarnessClock& clock() { return clock_; }
  server::Configuration& configuration() { return configuration_; }
  // SHUTDOWN was called.
  bool ended() const { return end_.asked; }

  // Reports to the audit the bytes of client_input and client_output that the clients hold.
  void report_bytes(memory::Audit& audit) const override;

 private:
  struct End final : engine::Shutdown {
    base::Result<void> begin(const engine::ShutdownOptions&) override {
      asked = true;
      return {};
    }
    bool abort() override { return false; }
    bool asked = false;
  };

  HarnessClock clock_;
  base::Log log_;
  server::Configuration configuration_;
  End end_;
  resp::ChunkPool chunks_;
  std::vector<Client*> clients_;
  std::vector<Client*> unblocked_;
  std::unique_ptr<server::Core> core_;
};

// A client of a harness, which must outlive it.
class Harness::Client final : public engine::Peer {
 public:
  explicit Client(Harness& harness);
  ~Client() override;

  // Sends bytes, runs a turn, and returns all bytes of replies, also those that came since the last
  // call. Partial requests stay for the next call, and so do all requests while the client is
  // blocked. After the connection was closed, nothing is run or returned.
  std::string exchange(std::string_view bytes);
  bool is_closed() const { return session_.closing != engine::Closing::no; }
  engine::Session& session() { return session_; }

  std::string address() const override { return "127.0.0.1:" + std::to_string(1024 + session_.id); }
  std::string local_address() const override { return "127.0.0.1:6379"; }
  int descriptor() const override { return -1; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return true; }
  Buffers buffers() const override;
  void closing() override {}
  void unblocked() override { harness_.unblocked_.push_back(this); }
  // The output of a source comes with that of exchange() when the source has said that it grew.
  void send_from(engine::OutputSource* source) override {
    source_ = source;
    has_source_grown_ = source != nullptr;
    has_source_begun_ = false;
  }
  void source_grew() override { has_source_grown_ = true; }

 private:
  friend class Harness;
  void run_requests();
  std::string take_output();
  void take_source(std::string& output);

  Harness& harness_;
  std::string input_;
  resp::Reader reader_;
  resp::Batch batch_;
  resp::ReplyBuffer output_;
  engine::OutputSource* source_ = nullptr;
  bool has_source_grown_ = false;
  bool has_source_begun_ = false;
  engine::Session session_;
};

}  // namespace larder::harness
