// CLUSTER of a server that is not a node of a cluster: every subcommand returns the same error.

#include "larder/engine/call.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

void refuse(Call& call) { call.reply.error(errors::kNoCluster); }

constexpr std::uint32_t kChanges = kAdmin | kStale | kNoAsyncLoading;
constexpr std::uint32_t kInspects = kAdmin | kStale;

struct Texts {
  std::string_view since;
  std::string_view summary;
  std::string_view complexity = "O(1)";
  std::string_view arguments = {};
  std::string_view tips = {};
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
};

constexpr Command row(std::string_view name, Arity arity, std::uint32_t flags, const Texts& texts) {
  return {.name = name,
          .family = Family::cluster,
          .arity = arity,
          .flags = flags,
          .handler = Handler::of<refuse>(),
          .since = texts.since,
          .summary = texts.summary,
          .complexity = texts.complexity,
          .arguments = texts.arguments,
          .tips = texts.tips,
          .deprecated_since = texts.deprecated_since,
          .replaced_by = texts.replaced_by};
}

constexpr std::string_view kVaries = "nondeterministic_output";

}  // namespace

std::span<const engine::Command> cluster_cluster() {
  static constexpr Command kCommands[] = {
      {.name = "cluster",
       .family = Family::cluster,
       .arity = at_least(2),
       .flags = kContainer,
       .since = "3.0.0",
       .summary = "Commands about the cluster.",
       .complexity = "As its subcommands"},
      row("cluster help", exactly(2), kLoading | kStale,
          {.since = "5.0.0", .summary = "Lists these subcommands."}),
      row("cluster addslots", at_least(3), kChanges,
          {.since = "3.0.0",
           .summary = "Assigns hash slots to this node.",
           .complexity = "O(N) where N is the number of slots",
           .arguments = "slot:integer*"}),
      row("cluster addslotsrange", at_least(4), kChanges,
          {.since = "7.0.0",
           .summary = "Assigns ranges of hash slots to this node.",
           .complexity = "O(N) where N is the number of slots in the ranges",
           .arguments = "start-slot_end-slot:block*(start-slot:integer end-slot:integer)"}),
      row("cluster bumpepoch", exactly(2), kChanges,
          {.since = "3.0.0",
           .summary = "Increments the epoch of the node's configuration.",
           .tips = kVaries}),
      row("cluster count-failure-reports", exactly(3), kInspects,
          {.since = "3.0.0",
           .summary = "Returns the number of reports that a node has failed.",
           .complexity = "O(N) where N is the number of reports",
           .arguments = "node-id:string",
           .tips = kVaries}),
      row("cluster countkeysinslot", exactly(3), kStale,
          {.since = "3.0.0",
           .summary = "Counts the keys of a hash slot on this node.",
           .arguments = "slot:integer"}),
      row("cluster delslots", at_least(3), kChanges,
          {.since = "3.0.0",
           .summary = "Removes hash slots from this node.",
           .complexity = "O(N) where N is the number of slots",
           .arguments = "slot:integer*"}),
      row("cluster delslotsrange", at_least(4), kChanges,
          {.since = "7.0.0",
           .summary = "Removes ranges of hash slots from this node.",
           .complexity = "O(N) where N is the number of slots in the ranges",
           .arguments = "start-slot_end-slot:block*(start-slot:integer end-slot:integer)"}),
      row("cluster failover", at_least(2), kChanges,
          {.since = "3.0.0",
           .summary = "Starts a failover of this replica's primary.",
           .arguments = "options:oneof?(force:pure-token@FORCE takeover:pure-token@TAKEOVER)"}),
      row("cluster flushslots", exactly(2), kChanges,
          {.since = "3.0.0", .summary = "Removes all hash slots from this node."}),
      row("cluster forget", exactly(3), kChanges,
          {.since = "3.0.0",
           .summary = "Removes a node from this node's table.",
           .arguments = "node-id:string"}),
      row("cluster getkeysinslot", exactly(4), kStale,
          {.since = "3.0.0",
           .summary = "Returns keys of a hash slot on this node.",
           .complexity = "O(N) where N is the number of keys asked for",
           .arguments = "slot:integer count:integer",
           .tips = kVaries}),
      row("cluster info", exactly(2), kStale,
          {.since = "3.0.0",
           .summary = "Returns the state of the cluster as this node sees it.",
           .tips = kVaries}),
      row("cluster keyslot", exactly(3), kStale,
          {.since = "3.0.0",
           .summary = "Returns the hash slot of a key.",
           .complexity = "O(N) where N is the length of the key",
           .arguments = "key:string"}),
      row("cluster links", exactly(2), kStale,
          {.since = "7.0.0",
           .summary = "Lists the connections with other nodes.",
           .complexity = "O(N) where N is the number of nodes",
           .tips = kVaries}),
      row("cluster meet", at_least(4), kChanges,
          {.since = "3.0.0",
           .summary = "Connects this node with another.",
           .arguments = "ip:string port:integer cluster_bus_port:integer?"}),
      row("cluster myid", exactly(2), kStale,
          {.since = "3.0.0", .summary = "Returns the id of this node."}),
      row("cluster myshardid", exactly(2), kStale,
          {.since = "7.2.0", .summary = "Returns the id of this node's shard.", .tips = kVaries}),
      row("cluster nodes", exactly(2), kStale,
          {.since = "3.0.0",
           .summary = "Returns the nodes with their state and their slots.",
           .complexity = "O(N) where N is the number of nodes",
           .tips = kVaries}),
      row("cluster replicas", exactly(3), kInspects,
          {.since = "5.0.0",
           .summary = "Lists the replicas of a primary.",
           .complexity = "O(N) where N is the number of replicas",
           .arguments = "node-id:string",
           .tips = kVaries}),
      row("cluster replicate", exactly(3), kChanges,
          {.since = "3.0.0",
           .summary = "Makes this node a replica of a primary.",
           .arguments = "node-id:string"}),
      row("cluster reset", at_least(2), kAdmin | kNoScript | kStale,
          {.since = "3.0.0",
           .summary = "Resets this node and removes it from the cluster.",
           .complexity = "O(N) where N is the number of nodes, and the keys where they are flushed",
           .arguments = "hard_soft:oneof?(hard:pure-token@HARD soft:pure-token@SOFT)"}),
      row("cluster saveconfig", exactly(2), kChanges,
          {.since = "3.0.0", .summary = "Writes the state of the cluster to this node's file."}),
      row("cluster set-config-epoch", exactly(3), kChanges,
          {.since = "3.0.0",
           .summary = "Sets the epoch of a new node's configuration.",
           .arguments = "config-epoch:integer"}),
      row("cluster setslot", at_least(4), kChanges,
          {.since = "3.0.0",
           .summary = "Assigns a hash slot to a node, or marks it as migrating.",
           .arguments = "slot:integer subcommand:oneof(node-id:string@IMPORTING "
                        "node-id:string@MIGRATING node-id:string@NODE stable:pure-token@STABLE)"}),
      row("cluster shards", exactly(2), kStale,
          {.since = "7.0.0",
           .summary = "Returns the slots of each shard with its nodes.",
           .complexity = "O(N) where N is the number of nodes",
           .tips = kVaries}),
      row("cluster slaves", exactly(3), kInspects,
          {.since = "3.0.0",
           .summary = "Lists the replicas of a primary.",
           .complexity = "O(N) where N is the number of replicas",
           .arguments = "node-id:string",
           .tips = kVaries,
           .deprecated_since = "5.0.0",
           .replaced_by = "`CLUSTER REPLICAS`"}),
      row("cluster slots", exactly(2), kStale,
          {.since = "3.0.0",
           .summary = "Returns the ranges of slots with their nodes.",
           .complexity = "O(N) where N is the number of nodes",
           .tips = kVaries,
           .deprecated_since = "7.0.0",
           .replaced_by = "`CLUSTER SHARDS`"}),
  };
  return kCommands;
}

}  // namespace larder::commands
