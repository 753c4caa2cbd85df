#pragma once

// INFO's section replication, and the counters of replication: the values of a primary without
// replicas.

#include <array>
#include <cstddef>
#include <string>

#include "larder/base/rng.h"
#include "larder/info/info.h"
#include "larder/replication/settings.h"

namespace larder::replication {

// 40 random hex digits that identify the history of writes.
inline std::string random_replication_id() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<std::byte, 20> secret;
  base::random_secret(secret);
  std::string id;
  for (const std::byte byte : secret) {
    id += kDigits[std::to_integer<unsigned>(byte) >> 4];
    id += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return id;
}

class Metrics final : public info::Group {
 public:
  Metrics(info::Reporter& reporter, const Settings& settings)
      : Group(reporter), settings_(settings) {
    role = "master";
    master_failover_state = "no-failover";
    master_replid = random_replication_id();
    master_replid2 = std::string(40, '0');
    second_repl_offset = -1;
    instantaneous_input_repl_kbps = "0.00";
    instantaneous_output_repl_kbps = "0.00";
  }

  info::Text role{*this, "replication", "role"};
  info::Gauge connected_slaves{*this,
                               "replication",
                               "connected_slaves",
                               {.help = "Connected replicas.", .name = "connected_replicas"}};
  info::Text master_failover_state{*this, "replication", "master_failover_state"};
  info::Text master_replid{*this, "replication", "master_replid"};
  info::Text master_replid2{*this, "replication", "master_replid2"};
  info::Gauge master_repl_offset{*this,
                                 "replication",
                                 "master_repl_offset",
                                 {.help = "Replication offset.", .name = "repl_offset_bytes"}};
  info::Gauge second_repl_offset{
      *this,
      "replication",
      "second_repl_offset",
      {.help = "Offset up to which the former replication id is valid; -1 without one."}};
  info::Gauge repl_backlog_active{*this,
                                  "replication",
                                  "repl_backlog_active",
                                  {.help = "1 while there is a replication backlog."}};
  info::Gauge repl_backlog_first_byte_offset{
      *this,
      "replication",
      "repl_backlog_first_byte_offset",
      {.help = "Offset of the first byte of the replication backlog."}};
  info::Gauge repl_backlog_histlen{
      *this,
      "replication",
      "repl_backlog_histlen",
      {.help = "Bytes in the replication backlog.", .name = "repl_backlog_used_bytes"}};

  info::Counter net_repl_input_bytes{
      *this, "stats", "total_net_repl_input_bytes", {.help = "Bytes received from the primary."}};
  info::Counter net_repl_output_bytes{
      *this, "stats", "total_net_repl_output_bytes", {.help = "Bytes sent to replicas."}};
  info::Text instantaneous_input_repl_kbps{
      *this,
      "stats",
      "instantaneous_input_repl_kbps",
      {.help = "Kilobytes received from the primary per second, recently."}};
  info::Text instantaneous_output_repl_kbps{
      *this,
      "stats",
      "instantaneous_output_repl_kbps",
      {.help = "Kilobytes sent to replicas per second, recently."}};
  info::Counter sync_full{
      *this, "stats", "sync_full", {.help = "Full synchronizations of replicas."}};
  info::Counter sync_partial_ok{
      *this, "stats", "sync_partial_ok", {.help = "Partial synchronizations of replicas."}};
  info::Counter sync_partial_err{
      *this, "stats", "sync_partial_err", {.help = "Partial synchronizations that were refused."}};
  info::Gauge slave_expires_tracked_keys{*this,
                                         "stats",
                                         "slave_expires_tracked_keys",
                                         {.help = "Expired keys that a writable replica tracks."}};

  void refresh() override { repl_backlog_size_ = settings_.repl_backlog_size.value(); }

 private:
  const Settings& settings_;
  info::Gauge repl_backlog_size_{
      *this,
      "replication",
      "repl_backlog_size",
      {.help = "Size of the replication backlog.", .name = "repl_backlog_size_bytes"}};
};

}  // namespace larder::replication
