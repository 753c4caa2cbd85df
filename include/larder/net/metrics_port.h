#pragma once

// Serves monitoring over HTTP from the server's own loop: /metrics for Prometheus, generated from
// the fields of INFO, and /health, which is 200 while commands are served and 503 while the server
// loads. It is served while a script runs for long, too.
//
// Bounds: kMostConnections at a time (a further one replaces the one whose time ends next),
// kMostHttpBytes for a request, and a time limit for each state, so that a client that sends or
// reads slowly is disconnected soon and delays no other client.

#include <cstdint>
#include <vector>

#include "larder/base/log.h"
#include "larder/engine/gates.h"
#include "larder/info/exposition.h"
#include "larder/info/info.h"
#include "larder/memory/audit.h"
#include "larder/net/listener.h"
#include "larder/net/loop.h"

namespace larder::net {

struct MetricsPortMetrics final : info::Group {
  using Group::Group;
  info::Counter scrapes{
      *this, "stats", "metrics_scrapes", {.help = "Scrapes of the metrics port."}};
  // How long the last scrape blocked the loop.
  info::Gauge last_scrape_us{*this,
                             "stats",
                             "metrics_last_scrape_usec",
                             {.help = "Time that the last scrape took in the event loop.",
                              .name = "metrics_last_scrape_seconds",
                              .decimals = 6}};
};

class MetricsPort final : public Host, public Timer, public memory::AuditedOwner {
 public:
  static constexpr std::size_t kMostConnections = 16;
  // From the connection, or the first byte of a further request, to the end of the request.
  static constexpr std::int64_t kRequestMs = 10'000;
  // For sending the response.
  static constexpr std::int64_t kAnswerMs = 30'000;
  // Between two requests.
  static constexpr std::int64_t kIdleMs = 120'000;
  // For closing, after the response.
  static constexpr std::int64_t kLingerMs = 2'000;

  struct Parts {
    Loop& loop;
    base::Log& log;
    info::Reporter& reporter;
    const engine::GateBoard& gates;
  };
  explicit MetricsPort(const Parts& parts);
  ~MetricsPort() override;
  MetricsPort(const MetricsPort&) = delete;
  MetricsPort& operator=(const MetricsPort&) = delete;

  // Listens at this address instead of the previous one, whose connections end; port 0 means none.
  // On failure the previous address is opened again.
  base::Result<void> listen(const TcpPlace& place);
  void open() { listeners_.open(); }
  void close();

  void on_accepted(int descriptor, Transport transport) override;
  // Ends connections whose time limit has passed.
  std::int64_t on_time() override;
  // The end of a turn within a turn (Loop::run_within()), in which no timer runs: frees the
  // connections that have ended.
  void end_turn_within() { free_ended(); }
  void report_bytes(memory::Audit& audit) const override;

  std::size_t connections() const { return connections_.size(); }

 private:
  class HttpConnection;

  std::int64_t now_ms() const { return parts_.loop.clock().steady_ms(); }
  bool is_loading() const;
  std::string scrape(info::Exposition form);
  void end(HttpConnection& connection);
  void end_all();
  void free_ended();

  Parts parts_;
  MetricsPortMetrics metrics_;
  Listeners listeners_;
  std::vector<HttpConnection*> connections_;
  std::vector<HttpConnection*> ended_;  // to be freed when the events of the turn are over
};

}  // namespace larder::net
