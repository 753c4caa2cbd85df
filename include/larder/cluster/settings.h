#pragma once

// The directives of cluster mode.

#include <climits>
#include <cstring>
#include <string>

#include "larder/config/config.h"

namespace larder::cluster {

inline bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

inline base::Result<void> check_hostname(const std::string& name) {
  constexpr std::size_t kMost = 255;
  if (name.size() > kMost) return base::Error{"Hostnames must be less than 256 characters"};
  for (const char c : name) {
    if (is_letter_or_digit(c) || c == '-' || c == '.') continue;
    return base::Error{"Hostnames may only contain alphanumeric characters, hyphens or dots"};
  }
  return {};
}

inline base::Result<void> check_node_name(const std::string& name) {
  for (const char c : name) {
    const bool is_fit =
        c > ' ' && c < 127 && std::strchr("!#$%&()*+:;<>?@[]^{|}~,=\"'/\\", c) == nullptr;
    if (!is_fit) return base::Error{"Announced human node name contained invalid character"};
  }
  return {};
}

enum class EndpointType { ip, hostname, unknown_endpoint };

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Cluster") {}

  config::Toggle cluster_enabled{
      *this,
      {.name = "cluster-enabled",
       .fallback = false,
       .traits = config::kImmutable | config::kNotActing,
       .help = "Run as a node of a cluster in which each node stores a part of the keys."}};
  config::Text cluster_config_file{
      *this,
      {.name = "cluster-config-file",
       .fallback = "nodes.conf",
       .traits = config::kImmutable | config::kNotActing,
       .help = "File in dir in which a node stores the state of the cluster; not to be edited."}};
  config::Integer cluster_node_timeout{
      *this,
      {.name = "cluster-node-timeout",
       .fallback = 15000,
       .range = {0, INT64_MAX},
       .traits = config::kNotActing,
       .help = "Milliseconds without an answer after which a node is considered to have failed."}};
  config::Integer cluster_ping_interval{*this,
                                        {.name = "cluster-ping-interval",
                                         .fallback = 1000,
                                         .range = {0, INT_MAX},
                                         .traits = config::kHidden | config::kNotActing,
                                         .help = "Milliseconds between two pings to a random "
                                                 "node."}};
  config::Integer cluster_port{
      *this,
      {.name = "cluster-port",
       .fallback = 0,
       .range = {0, 65535},
       .traits = config::kImmutable | config::kNotActing,
       .help = "Port of the cluster bus; 0 means the server's port plus 10000."}};
  config::Text cluster_announce_ip{*this,
                                   {.name = "cluster-announce-ip",
                                    .traits = config::kNotActing,
                                    .help = "Address that this node reports instead of its own."}};
  config::Integer cluster_announce_port{*this,
                                        {.name = "cluster-announce-port",
                                         .fallback = 0,
                                         .range = {0, 65535},
                                         .traits = config::kNotActing,
                                         .help = "Port that this node reports; 0 means its own."}};
  config::Integer cluster_announce_tls_port{
      *this,
      {.name = "cluster-announce-tls-port",
       .fallback = 0,
       .range = {0, 65535},
       .traits = config::kNotActing,
       .help = "TLS port that this node reports; 0 means its own."}};
  config::Integer cluster_announce_bus_port{
      *this,
      {.name = "cluster-announce-bus-port",
       .fallback = 0,
       .range = {0, 65535},
       .traits = config::kNotActing,
       .help = "Bus port that this node reports; 0 means its own."}};
  config::Text cluster_announce_hostname{*this,
                                         {.name = "cluster-announce-hostname",
                                          .traits = config::kNotActing,
                                          .help = "Host name that this node reports.",
                                          .check = check_hostname}};
  config::Text cluster_announce_human_nodename{*this,
                                               {.name = "cluster-announce-human-nodename",
                                                .traits = config::kNotActing,
                                                .help = "Readable name of this node in logs.",
                                                .check = check_node_name}};
  config::Choice cluster_preferred_endpoint_type{
      *this,
      {.name = "cluster-preferred-endpoint-type",
       .fallback = 0,
       .words = {"ip", "hostname", "unknown-endpoint"},
       .traits = config::kNotActing,
       .help = "What clients get as the address of a node."}};
  config::Bytes cluster_link_sendbuf_limit{
      *this,
      {.name = "cluster-link-sendbuf-limit",
       .fallback = 0,
       .range = {0, INT64_MAX},
       .traits = config::kNotActing,
       .help = "Unsent bytes for another node after which the link is closed; 0 means no limit."}};
  config::Integer cluster_replica_validity_factor{
      *this,
      {.name = "cluster-replica-validity-factor",
       .alias = "cluster-slave-validity-factor",
       .fallback = 10,
       .range = {0, INT_MAX},
       .traits = config::kNotActing,
       .help = "Number of node timeouts for which a replica may have been disconnected and still "
               "be promoted; 0 means any."}};
  config::Integer cluster_migration_barrier{
      *this,
      {.name = "cluster-migration-barrier",
       .fallback = 1,
       .range = {0, INT_MAX},
       .traits = config::kNotActing,
       .help = "Number of replicas that a primary keeps before one of them moves to a primary "
               "without replicas."}};
  config::Toggle cluster_allow_replica_migration{
      *this,
      {.name = "cluster-allow-replica-migration",
       .fallback = true,
       .traits = config::kNotActing,
       .help = "Let replicas move to primaries that have none."}};
  config::Toggle cluster_replica_no_failover{*this,
                                             {.name = "cluster-replica-no-failover",
                                              .alias = "cluster-slave-no-failover",
                                              .fallback = false,
                                              .traits = config::kNotActing,
                                              .help = "Never promote this replica automatically."}};
  config::Toggle cluster_require_full_coverage{
      *this,
      {.name = "cluster-require-full-coverage",
       .fallback = true,
       .traits = config::kNotActing,
       .help = "Refuse all keys while any part of them has no node."}};
  config::Toggle cluster_allow_reads_when_down{*this,
                                               {.name = "cluster-allow-reads-when-down",
                                                .fallback = false,
                                                .traits = config::kNotActing,
                                                .help = "Allow reads while the cluster is down."}};
  config::Toggle cluster_allow_pubsubshard_when_down{
      *this,
      {.name = "cluster-allow-pubsubshard-when-down",
       .fallback = true,
       .traits = config::kNotActing,
       .help = "Allow sharded channels while the cluster is down."}};
};

}  // namespace larder::cluster
