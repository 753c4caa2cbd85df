#pragma once

// Fields of the process and of the event loop: INFO's sections server, clients and cpu, and the
// rates in stats.

#include <array>
#include <cstdint>
#include <string>

#include "larder/base/clock.h"
#include "larder/engine/command_table.h"
#include "larder/engine/metrics.h"
#include "larder/info/info.h"
#include "larder/net/connections.h"
#include "larder/net/listener.h"
#include "larder/net/loop.h"
#include "larder/net/metrics.h"
#include "larder/server/configuration.h"

namespace larder::server {

// How fast a count grows: the mean of the last samples, one each 100 ms.
class Rate {
 public:
  void sample(std::uint64_t count, std::int64_t now_us);
  // Growth in a second.
  std::uint64_t per_second() const;

 private:
  static constexpr std::size_t kSamples = 16;
  std::array<std::uint64_t, kSamples> samples_{};
  std::size_t next_ = 0;
  std::uint64_t count_ = 0;
  std::int64_t at_us_ = 0;
};

// The fields of INFO server that do not change while the process runs.
struct Identity {
  std::string program;     // whole path
  std::string supervised;  // "no", "systemd", "upstart"
};

class ServerMetrics final : public info::Group {
 public:
  ServerMetrics(info::Reporter& reporter, const Configuration& configuration,
                const base::Clock& clock, const net::Loop& loop, const net::Listeners& listeners,
                const Identity& identity);
  void refresh() override;

 private:
  const Configuration& configuration_;
  const base::Clock& clock_;
  const net::Listeners& listeners_;
  std::int64_t started_us_;

  info::Text version_{*this, "server", "redis_version"};
  info::Text name_{*this, "server", "server_name"};
  info::Text larder_version_{*this, "server", "larder_version"};
  info::Text git_sha1_{*this, "server", "redis_git_sha1"};
  info::Gauge git_dirty_{*this,
                         "server",
                         "redis_git_dirty",
                         {.help = "1 if the server was built from changed sources."}};
  info::Text build_id_{*this, "server", "redis_build_id"};
  info::Text mode_{*this, "server", "redis_mode"};
  info::Text os_{*this, "server", "os"};
  info::Gauge arch_bits_{
      *this, "server", "arch_bits", {.help = "Bits of an address.", .name = "address_width"}};
  info::Text monotonic_clock_{*this, "server", "monotonic_clock"};
  info::Text multiplexing_api_{*this, "server", "multiplexing_api"};
  info::Text atomicvar_api_{*this, "server", "atomicvar_api"};
  info::Text gcc_version_{*this, "server", "gcc_version"};
  info::Gauge process_id_{*this, "server", "process_id", {.help = "Process id of the server."}};
  info::Text process_supervised_{*this, "server", "process_supervised"};
  info::Text run_id_{*this, "server", "run_id"};
  info::Gauge tcp_port_{*this, "server", "tcp_port", {.help = "TCP port of the server."}};
  info::Gauge server_time_usec_{
      *this,
      "server",
      "server_time_usec",
      {.help = "The server's clock, as Unix time.", .name = "server_time_seconds", .decimals = 6}};
  info::Gauge uptime_in_seconds_{*this,
                                 "server",
                                 "uptime_in_seconds",
                                 {.help = "Time since the start.", .name = "uptime_seconds"}};
  info::Gauge uptime_in_days_{
      *this, "server", "uptime_in_days", {.kind = info::MetricKind::hidden}};
  info::Gauge hz_{*this, "server", "hz", {.help = "Runs of the periodic work per second."}};
  info::Gauge configured_hz_{*this,
                             "server",
                             "configured_hz",
                             {.help = "Configured runs of the periodic work per second."}};
  info::Gauge lru_clock_{*this, "server", "lru_clock", {.help = "Seconds of the LRU clock."}};
  info::Text executable_{*this, "server", "executable"};
  info::Text config_file_{*this, "server", "config_file"};
  info::Gauge io_threads_active_{
      *this, "server", "io_threads_active", {.help = "1 while threads read and write."}};
  info::Lines listener_lines_{*this, "server"};
};

class ClientMetrics final : public info::Group {
 public:
  ClientMetrics(info::Reporter& reporter, const Configuration& configuration,
                const net::Connections& connections);
  void refresh() override;

 private:
  const Configuration& configuration_;
  const net::Connections& connections_;

  info::Gauge connected_clients_{
      *this, "clients", "connected_clients", {.help = "Connected clients."}};
  info::Gauge cluster_connections_{
      *this, "clients", "cluster_connections", {.help = "Links to other nodes of a cluster."}};
  info::Gauge maxclients_{*this, "clients", "maxclients", {.help = "Maximum number of clients."}};
  info::Gauge recent_max_input_{*this,
                                "clients",
                                "client_recent_max_input_buffer",
                                {.help = "Largest recent input buffer of a client.",
                                 .name = "client_recent_max_input_buffer_bytes"}};
  info::Gauge recent_max_output_{*this,
                                 "clients",
                                 "client_recent_max_output_buffer",
                                 {.help = "Largest recent output buffer of a client.",
                                  .name = "client_recent_max_output_buffer_bytes"}};
};

class CpuMetrics final : public info::Group {
 public:
  using Group::Group;
  void refresh() override;

 private:
  info::Text sys_{*this,
                  "cpu",
                  "used_cpu_sys",
                  {.help = "System processor time of the process.",
                   .name = "cpu_sys_seconds",
                   .kind = info::MetricKind::counter}};
  info::Text user_{*this,
                   "cpu",
                   "used_cpu_user",
                   {.help = "User processor time of the process.",
                    .name = "cpu_user_seconds",
                    .kind = info::MetricKind::counter}};
  info::Text sys_children_{*this,
                           "cpu",
                           "used_cpu_sys_children",
                           {.help = "System processor time of child processes.",
                            .name = "cpu_sys_children_seconds",
                            .kind = info::MetricKind::counter}};
  info::Text user_children_{*this,
                            "cpu",
                            "used_cpu_user_children",
                            {.help = "User processor time of child processes.",
                             .name = "cpu_user_children_seconds",
                             .kind = info::MetricKind::counter}};
  info::Text sys_main_thread_{*this,
                              "cpu",
                              "used_cpu_sys_main_thread",
                              {.help = "System processor time of the main thread.",
                               .name = "cpu_sys_main_thread_seconds",
                               .kind = info::MetricKind::counter}};
  info::Text user_main_thread_{*this,
                               "cpu",
                               "used_cpu_user_main_thread",
                               {.help = "User processor time of the main thread.",
                                .name = "cpu_user_main_thread_seconds",
                                .kind = info::MetricKind::counter}};
};

// The loop's figures and everything per second.
class LoopMetrics final : public info::Group {
 public:
  LoopMetrics(info::Reporter& reporter, net::Loop& loop, const engine::CommandTable& commands,
              const engine::Metrics& engine, const net::Metrics& net);
  void refresh() override;
  void reset() override;
  // At every beat; samples are taken each 100 ms.
  void sample();
  // At the end of every turn.
  void note_turn() {
    const std::uint64_t commands = engine_.commands_processed.value();
    // Less than before: the counters were reset.
    const std::uint64_t ran = commands >= commands_before_ ? commands - commands_before_ : 0;
    if (ran > most_commands_) most_commands_ = ran;
    commands_before_ = commands;
  }

 private:
  net::Loop& loop_;
  const engine::CommandTable& commands_;
  const engine::Metrics& engine_;
  const net::Metrics& net_;
  std::int64_t sampled_us_ = 0;
  std::uint64_t commands_before_ = 0;
  std::uint64_t most_commands_ = 0;
  Rate commands_rate_;
  Rate input_rate_;
  Rate output_rate_;
  Rate cycles_rate_;
  Rate busy_rate_;

  info::Gauge ops_per_sec_{*this,
                           "stats",
                           "instantaneous_ops_per_sec",
                           {.help = "Commands per second, recently.", .name = "instantaneous_ops"}};
  info::Text input_kbps_{*this,
                         "stats",
                         "instantaneous_input_kbps",
                         {.help = "Kilobytes received per second, recently."}};
  info::Text output_kbps_{*this,
                          "stats",
                          "instantaneous_output_kbps",
                          {.help = "Kilobytes sent per second, recently."}};
  info::Gauge cycles_{*this,
                      "stats",
                      "eventloop_cycles",
                      {.help = "Turns of the event loop.", .kind = info::MetricKind::counter}};
  info::Gauge duration_sum_{*this,
                            "stats",
                            "eventloop_duration_sum",
                            {.help = "Time that the event loop was not idle.",
                             .name = "eventloop_busy_seconds",
                             .kind = info::MetricKind::counter,
                             .decimals = 6}};
  info::Gauge duration_cmd_sum_{*this,
                                "stats",
                                "eventloop_duration_cmd_sum",
                                {.help = "Time spent executing commands.",
                                 .name = "eventloop_command_seconds",
                                 .kind = info::MetricKind::counter,
                                 .decimals = 6}};
  info::Gauge cycles_per_sec_{*this,
                              "stats",
                              "instantaneous_eventloop_cycles_per_sec",
                              {.help = "Turns of the event loop per second, recently.",
                               .name = "instantaneous_eventloop_cycles"}};
  info::Gauge duration_usec_{*this,
                             "stats",
                             "instantaneous_eventloop_duration_usec",
                             {.help = "Mean duration of a turn, recently.",
                              .name = "instantaneous_eventloop_duration_seconds",
                              .decimals = 6}};
  info::Gauge cron_sum_{*this,
                        "debug",
                        "eventloop_duration_cron_sum",
                        {.help = "Time spent on periodic work.",
                         .name = "eventloop_cron_seconds",
                         .kind = info::MetricKind::counter,
                         .decimals = 6}};
  info::Gauge duration_max_{*this,
                            "debug",
                            "eventloop_duration_max",
                            {.help = "Longest turn of the event loop.",
                             .name = "eventloop_longest_turn_seconds",
                             .decimals = 6}};
  info::Gauge commands_max_{*this,
                            "debug",
                            "eventloop_cmd_per_cycle_max",
                            {.help = "Maximum number of commands in a turn of the event loop."}};
};

}  // namespace larder::server
