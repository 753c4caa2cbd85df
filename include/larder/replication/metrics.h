#pragma once

// INFO's section replication, and the counters of replication: the values of a primary without
// replicas.

#include "larder/info/info.h"
#include "larder/replication/backlog.h"
#include "larder/replication/history.h"
#include "larder/replication/settings.h"

namespace larder::replication {

class Metrics final : public info::Group {
 public:
  Metrics(info::Reporter& reporter, const Settings& settings, const History& history,
          const Backlog& backlog)
      : Group(reporter), settings_(settings), history_(history), backlog_(backlog) {
    role = "master";
    master_failover_state = "no-failover";
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
  info::Gauge repl_spilled_bytes{
      *this,
      "replication",
      "repl_spilled_bytes",
      {.help = "Bytes of the stream and of full copies that are kept on disk for replicas that are "
               "behind."}};
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

  void refresh() override {
    repl_backlog_size_ = settings_.repl_backlog_size.value();
    master_replid = history_.id();
    master_replid2 = history_.id2();
    master_repl_offset = history_.offset();
    second_repl_offset = history_.second_offset();
    repl_backlog_histlen = static_cast<std::int64_t>(backlog_.size());
    repl_backlog_first_byte_offset = backlog_.size() == 0 ? 0 : backlog_.first();
  }

 private:
  const Settings& settings_;
  const History& history_;
  const Backlog& backlog_;
  info::Gauge repl_backlog_size_{
      *this,
      "replication",
      "repl_backlog_size",
      {.help = "Size of the replication backlog.", .name = "repl_backlog_size_bytes"}};
};

}  // namespace larder::replication
