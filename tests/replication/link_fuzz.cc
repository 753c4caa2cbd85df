// Any bytes from a primary: the lines of the handshake, the head, the bytes and the mark of a copy,
// and the stream. The first byte determines how far a correct primary has come before, and how the
// copy is loaded. Then a byte determines how many of the following bytes are sent next, whether
// time passes before, and whether the connection ends after them. The audit must balance
// afterwards.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fake_primary.h"
#include "tests/harness/harness.h"

namespace {

using namespace larder;

// Longer inputs only repeat themselves.
constexpr std::size_t kMostBytes = 4096;

// Commands that would end or delay the test, write files, or make an error of the primary fatal.
constexpr std::string_view kWithout[] = {"shutdown", "save",         "bgsave",
                                         "debug",    "bgrewriteaof", "config"};

class Driver final : public persistence::LoadingHost {
 public:
  explicit Driver(std::string_view input)
      : shape_(static_cast<unsigned char>(input.front())),
        input_(input.substr(1)),
        harness_(std::string("rdb-del-sync-files yes\n") +
                 ((shape_ & 4) != 0 ? "repl-diskless-load on-empty-db\n" : "masterauth secret\n")) {
    for (const std::string_view name : kWithout) (void)core().commands.rename(name, "");
    core().replica.connect_through(&primary_, &place_);
    core().replica.start();
  }
  ~Driver() { core().replica.connect_through(nullptr, nullptr); }

  void run() {
    const auto client = harness_.connect();
    if ((shape_ & 8) == 0) client->exchange("SET k old\r\n");
    client->exchange("REPLICAOF primary 6379\r\n");
    begin();
    while (send_next(When::between_turns)) settle();
    client->exchange("REPLICAOF NO ONE\r\n");
    settle();
    expect_balance();
  }

  // persistence::LoadingHost
  bool serve() override { return true; }
  bool wait() override {
    if (!send_next(When::loading)) primary_.end();
    return true;
  }

 private:
  enum class When : std::uint8_t { between_turns, loading };
  enum Stage : unsigned { at_connection, at_psync, at_copy, at_stream };

  server::Core& core() { return harness_.core(); }
  Stage stage() const { return static_cast<Stage>(shape_ & 3); }

  void begin() {
    if (!primary_.is_dialed()) return;
    primary_.accept();
    if (stage() == at_connection) return;
    primary_.send("+PONG\r\n+OK\r\n+OK\r\n+OK\r\n");
    if (stage() == at_psync) return;
    primary_.send("+FULLRESYNC " + replication::kPrimaryId + " 100\r\n");
    if (stage() == at_copy) return;
    const std::string copy = replication::copy_with("v");
    primary_.send("$" + std::to_string(copy.size()) + "\r\n" + copy);
    settle();
  }

  // False when the input is over.
  bool send_next(When when) {
    if (input_.empty()) return false;
    const auto control = static_cast<unsigned char>(input_.front());
    input_.remove_prefix(1);
    const std::size_t count = std::min<std::size_t>(input_.size(), 1 + control / 4 * 4);
    if (control % 4 == 1 && when != When::loading) harness_.advance_ms(100 + control * 8);
    // Another connection perhaps.
    if (control % 4 == 3 && core().replica.state() == replication::LinkState::connecting) begin();
    if (primary_.is_dialed()) primary_.send(input_.substr(0, count));
    input_.remove_prefix(count);
    if (control % 4 == 2 && primary_.is_dialed()) primary_.end();
    return true;
  }

  void settle() {
    do {
      core().snapshot_worker.finish();
      core().replica_worker.finish();
      while (harness_.end_turn()) {
      }
      if (core().replica.has_copy()) core().replica.load_copy(*this);
    } while (core().replica.has_copy());
  }

  void expect_balance() {
    while (!core().keyspace.graveyard().drain(base::Budget::unlimited())) {
    }
    const memory::Audit audit = core().auditor.run();
    if (audit.balanced()) return;
    std::fputs(audit.text().c_str(), stderr);
    std::abort();
  }

  const unsigned shape_;
  std::string_view input_;
  harness::Harness harness_;
  replication::FakePrimary primary_;
  replication::FakePlace place_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMostBytes) return 0;
  Driver({reinterpret_cast<const char*>(data), size}).run();
  return 0;
}
