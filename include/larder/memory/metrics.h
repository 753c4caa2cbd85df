#pragma once

// The fields of INFO's section `memory`, from the ledger and the allocator's pages.
// The eviction room declares the fields of maxmemory and its policy.

#include <cstdint>

#include "larder/info/info.h"
#include "larder/memory/ledger.h"
#include "larder/memory/pages.h"

namespace larder::memory {

class Metrics : public info::Group {
 public:
  explicit Metrics(info::Reporter& reporter);

  // Updates the peak of used memory. Called once per turn of the loop and by refresh(); costs one
  // used_bytes().
  void note_peak();
  // CONFIG RESETSTAT: the counters are reset to zero; the peak stays, as in Redis.
  void reset() override;
  // Stores the memory in use as that of an empty server. Called at the end of the start.
  void note_startup();
  // Reads the statistics of the allocator and the system, and returns unused pages whose decay time
  // is over. Called about every 100 ms; costs tens of microseconds.
  void sample();

  std::uint64_t peak_bytes() const { return peak_bytes_; }
  std::uint64_t startup_bytes() const { return startup_bytes_; }
  std::uint64_t rss_bytes() const { return rss_bytes_; }
  const Pages& pages() const { return pages_; }

  void refresh() override;

 private:
  void refresh_use(const Charges& charges);
  void refresh_scripts(const Charges& charges);
  void refresh_buffers(const Charges& charges);
  void refresh_pages();

  std::uint64_t peak_bytes_ = 0;
  std::uint64_t startup_bytes_ = 0;
  std::uint64_t rss_bytes_ = 0;
  Pages pages_;

  info::Gauge used_memory_{
      *this,
      "memory",
      "used_memory",
      {.help = "Bytes used: the sum of the owners.", .name = "used_memory_bytes"}};
  info::Text used_memory_human_{*this, "memory", "used_memory_human"};
  info::Gauge used_memory_rss_{
      *this,
      "memory",
      "used_memory_rss",
      {.help = "Resident memory of the process.", .name = "used_memory_rss_bytes"}};
  info::Text used_memory_rss_human_{*this, "memory", "used_memory_rss_human"};
  info::Gauge used_memory_peak_{
      *this,
      "memory",
      "used_memory_peak",
      {.help = "Maximum of the used bytes.", .name = "used_memory_peak_bytes"}};
  info::Text used_memory_peak_human_{*this, "memory", "used_memory_peak_human"};
  info::Text used_memory_peak_perc_{*this,
                                    "memory",
                                    "used_memory_peak_perc",
                                    {.help = "Ratio of the used bytes to their maximum."}};
  info::Gauge used_memory_overhead_{*this,
                                    "memory",
                                    "used_memory_overhead",
                                    {.help = "Bytes of everything except keys and values.",
                                     .name = "used_memory_overhead_bytes"}};
  info::Gauge used_memory_startup_{
      *this,
      "memory",
      "used_memory_startup",
      {.help = "Bytes used when the server had started.", .name = "used_memory_startup_bytes"}};
  info::Gauge used_memory_dataset_{
      *this,
      "memory",
      "used_memory_dataset",
      {.help = "Bytes of keys and values.", .name = "used_memory_dataset_bytes"}};
  info::Text used_memory_dataset_perc_{
      *this,
      "memory",
      "used_memory_dataset_perc",
      {.help = "Ratio of the bytes of keys and values to all bytes allocated after the start."}};
  info::Gauge allocator_allocated_{
      *this,
      "memory",
      "allocator_allocated",
      {.help = "Bytes of the allocator's blocks in use.", .name = "allocator_allocated_bytes"}};
  info::Gauge allocator_active_{
      *this,
      "memory",
      "allocator_active",
      {.help = "Bytes in pages that hold allocations.", .name = "allocator_active_bytes"}};
  info::Gauge allocator_resident_{
      *this,
      "memory",
      "allocator_resident",
      {.help = "Bytes of pages that the allocator holds.", .name = "allocator_resident_bytes"}};
  info::Gauge total_system_memory_{
      *this,
      "memory",
      "total_system_memory",
      {.help = "Physical memory of the machine.", .name = "system_memory_bytes"}};
  info::Text total_system_memory_human_{*this, "memory", "total_system_memory_human"};
  info::Gauge used_memory_lua_{
      *this, "memory", "used_memory_lua", {.kind = info::MetricKind::hidden}};
  info::Gauge used_memory_vm_eval_{
      *this,
      "memory",
      "used_memory_vm_eval",
      {.help = "Bytes of the interpreter of scripts.", .name = "used_memory_vm_eval_bytes"}};
  info::Text used_memory_lua_human_{*this, "memory", "used_memory_lua_human"};
  info::Gauge used_memory_vm_total_{
      *this,
      "memory",
      "used_memory_vm_total",
      {.help = "Bytes of both interpreters.", .name = "used_memory_vm_total_bytes"}};
  info::Text used_memory_vm_total_human_{*this, "memory", "used_memory_vm_total_human"};
  info::Gauge used_memory_scripts_{
      *this,
      "memory",
      "used_memory_scripts",
      {.help = "Bytes of scripts and functions.", .name = "used_memory_scripts_bytes"}};
  info::Text used_memory_scripts_human_{*this, "memory", "used_memory_scripts_human"};
  info::Text allocator_frag_ratio_{
      *this, "memory", "allocator_frag_ratio", {.help = "Ratio of active pages to blocks in use."}};
  info::Gauge allocator_frag_bytes_{*this,
                                    "memory",
                                    "allocator_frag_bytes",
                                    {.help = "Bytes of active pages that hold no allocation."}};
  info::Text allocator_rss_ratio_{*this,
                                  "memory",
                                  "allocator_rss_ratio",
                                  {.help = "Ratio of the allocator's pages to its active pages."}};
  info::Gauge allocator_rss_bytes_{
      *this,
      "memory",
      "allocator_rss_bytes",
      {.help = "Bytes of the allocator's pages that hold no allocation."}};
  info::Text rss_overhead_ratio_{*this,
                                 "memory",
                                 "rss_overhead_ratio",
                                 {.help = "Ratio of resident memory to the allocator's pages."}};
  info::Gauge rss_overhead_bytes_{*this,
                                  "memory",
                                  "rss_overhead_bytes",
                                  {.help = "Resident memory minus the allocator's pages."}};
  info::Text mem_fragmentation_ratio_{*this,
                                      "memory",
                                      "mem_fragmentation_ratio",
                                      {.help = "Ratio of resident memory to used memory."}};
  info::Gauge mem_fragmentation_bytes_{
      *this, "memory", "mem_fragmentation_bytes", {.help = "Resident memory minus used memory."}};
  info::Gauge mem_replication_backlog_{
      *this,
      "memory",
      "mem_replication_backlog",
      {.help = "Bytes of the replication backlog.", .name = "mem_replication_backlog_bytes"}};
  info::Gauge mem_total_replication_buffers_{
      *this,
      "memory",
      "mem_total_replication_buffers",
      {.help = "Bytes of all replication buffers.", .name = "mem_total_replication_buffers_bytes"}};
  info::Gauge mem_clients_slaves_{
      *this,
      "memory",
      "mem_clients_slaves",
      {.help = "Bytes of replicas' buffers.", .name = "mem_clients_replicas_bytes"}};
  info::Gauge mem_clients_normal_{
      *this,
      "memory",
      "mem_clients_normal",
      {.help = "Bytes of clients' sessions and buffers.", .name = "mem_clients_normal_bytes"}};
  info::Gauge mem_aof_buffer_{
      *this,
      "memory",
      "mem_aof_buffer",
      {.help = "Bytes that wait for the append-only file.", .name = "mem_aof_buffer_bytes"}};
  info::Text mem_allocator_{*this, "memory", "mem_allocator"};
  info::Family owner_bytes_;

 public:
  // Updated by other rooms: scripting, cluster, and the keyspace with its graveyard.
  // The bytes of scripts, of functions and of the interpreter that runs these are parts of
  // Owner::scripts; its rest is taken for the interpreter of EVAL.
  info::Gauge used_memory_scripts_eval{
      *this,
      "memory",
      "used_memory_scripts_eval",
      {.help = "Bytes of scripts.", .name = "used_memory_scripts_eval_bytes"}};
  info::Gauge used_memory_vm_functions{
      *this,
      "memory",
      "used_memory_vm_functions",
      {.help = "Bytes of the interpreter of functions.", .name = "used_memory_vm_functions_bytes"}};
  info::Gauge used_memory_functions{
      *this,
      "memory",
      "used_memory_functions",
      {.help = "Bytes of functions.", .name = "used_memory_functions_bytes"}};
  info::Gauge number_of_cached_scripts{
      *this, "memory", "number_of_cached_scripts", {.help = "Scripts that are kept."}};
  info::Gauge number_of_functions{
      *this, "memory", "number_of_functions", {.help = "Functions that are kept."}};
  info::Gauge number_of_libraries{
      *this, "memory", "number_of_libraries", {.help = "Libraries of functions."}};
  info::Gauge mem_cluster_links{*this,
                                "memory",
                                "mem_cluster_links",
                                {.help = "Bytes of links between the nodes of a cluster.",
                                 .name = "mem_cluster_links_bytes"}};
  info::Gauge active_defrag_running{
      *this,
      "memory",
      "active_defrag_running",
      {.help = "Percentage of the time that defragmentation takes; 0 if none is "
               "running."}};
  info::Counter active_defrag_hits{
      *this, "stats", "active_defrag_hits", {.help = "Allocations that defragmentation moved."}};
  info::Counter active_defrag_misses{
      *this,
      "stats",
      "active_defrag_misses",
      {.help = "Allocations that defragmentation examined and did not move."}};
  info::Counter active_defrag_key_hits{*this,
                                       "stats",
                                       "active_defrag_key_hits",
                                       {.help = "Keys in which defragmentation moved something."}};
  info::Counter active_defrag_key_misses{*this,
                                         "stats",
                                         "active_defrag_key_misses",
                                         {.help = "Keys in which defragmentation moved nothing."}};
  info::Gauge total_active_defrag_time{*this,
                                       "stats",
                                       "total_active_defrag_time",
                                       {.help = "Time during which memory was defragmented.",
                                        .name = "active_defrag_seconds",
                                        .kind = info::MetricKind::counter,
                                        .decimals = 3}};
  info::Gauge current_active_defrag_time{*this,
                                         "stats",
                                         "current_active_defrag_time",
                                         {.help = "Duration of the running defragmentation.",
                                          .name = "current_active_defrag_seconds",
                                          .decimals = 3}};
  info::Gauge lazyfree_pending_objects{*this,
                                       "memory",
                                       "lazyfree_pending_objects",
                                       {.help = "Removed values that are not freed yet."}};
  info::Counter lazyfreed_objects{
      *this, "memory", "lazyfreed_objects", {.help = "Values freed after their removal."}};
};

// The bytes of keys and values, including removed ones that are not freed yet.
std::int64_t dataset_bytes(const Charges& charges);

// The bytes of clients: input, unread output, subscriptions and tracking.
std::int64_t client_bytes(const Charges& charges);

}  // namespace larder::memory
