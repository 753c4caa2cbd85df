#pragma once

// The fields of INFO's section `memory`, from the ledger and the pages behind it.
// What the eviction room knows (maxmemory and its policy) it publishes itself.

#include <cstdint>

#include "larder/info/info.h"
#include "larder/memory/ledger.h"
#include "larder/memory/pages.h"

namespace larder::memory {

class Metrics : public info::Group {
 public:
  explicit Metrics(info::Reporter& reporter);

  // Remembers the most that was ever used. Called once per turn of the loop and by refresh();
  // costs one used_bytes().
  void note_peak();
  // CONFIG RESETSTAT: the counters go back to zero; the peak stays, as in Redis.
  void reset() override;
  // Takes what is used now for what an empty server needs. Called at the end of start-up.
  void note_startup();
  // Reads the allocator's and the system's figures, and lets unused pages go back whose time
  // has come. Called every 100 ms or so; costs tens of microseconds.
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

  info::Gauge used_memory_{*this, "memory", "used_memory"};
  info::Text used_memory_human_{*this, "memory", "used_memory_human"};
  info::Gauge used_memory_rss_{*this, "memory", "used_memory_rss"};
  info::Text used_memory_rss_human_{*this, "memory", "used_memory_rss_human"};
  info::Gauge used_memory_peak_{*this, "memory", "used_memory_peak"};
  info::Text used_memory_peak_human_{*this, "memory", "used_memory_peak_human"};
  info::Text used_memory_peak_perc_{*this, "memory", "used_memory_peak_perc"};
  info::Gauge used_memory_overhead_{*this, "memory", "used_memory_overhead"};
  info::Gauge used_memory_startup_{*this, "memory", "used_memory_startup"};
  info::Gauge used_memory_dataset_{*this, "memory", "used_memory_dataset"};
  info::Text used_memory_dataset_perc_{*this, "memory", "used_memory_dataset_perc"};
  info::Gauge allocator_allocated_{*this, "memory", "allocator_allocated"};
  info::Gauge allocator_active_{*this, "memory", "allocator_active"};
  info::Gauge allocator_resident_{*this, "memory", "allocator_resident"};
  info::Gauge total_system_memory_{*this, "memory", "total_system_memory"};
  info::Text total_system_memory_human_{*this, "memory", "total_system_memory_human"};
  info::Gauge used_memory_lua_{*this, "memory", "used_memory_lua"};
  info::Gauge used_memory_vm_eval_{*this, "memory", "used_memory_vm_eval"};
  info::Text used_memory_lua_human_{*this, "memory", "used_memory_lua_human"};
  info::Gauge used_memory_vm_total_{*this, "memory", "used_memory_vm_total"};
  info::Text used_memory_vm_total_human_{*this, "memory", "used_memory_vm_total_human"};
  info::Gauge used_memory_scripts_{*this, "memory", "used_memory_scripts"};
  info::Text used_memory_scripts_human_{*this, "memory", "used_memory_scripts_human"};
  info::Text allocator_frag_ratio_{*this, "memory", "allocator_frag_ratio"};
  info::Gauge allocator_frag_bytes_{*this, "memory", "allocator_frag_bytes"};
  info::Text allocator_rss_ratio_{*this, "memory", "allocator_rss_ratio"};
  info::Gauge allocator_rss_bytes_{*this, "memory", "allocator_rss_bytes"};
  info::Text rss_overhead_ratio_{*this, "memory", "rss_overhead_ratio"};
  info::Gauge rss_overhead_bytes_{*this, "memory", "rss_overhead_bytes"};
  info::Text mem_fragmentation_ratio_{*this, "memory", "mem_fragmentation_ratio"};
  info::Gauge mem_fragmentation_bytes_{*this, "memory", "mem_fragmentation_bytes"};
  info::Gauge mem_replication_backlog_{*this, "memory", "mem_replication_backlog"};
  info::Gauge mem_total_replication_buffers_{*this, "memory", "mem_total_replication_buffers"};
  info::Gauge mem_clients_slaves_{*this, "memory", "mem_clients_slaves"};
  info::Gauge mem_clients_normal_{*this, "memory", "mem_clients_normal"};
  info::Gauge mem_aof_buffer_{*this, "memory", "mem_aof_buffer"};
  info::Text mem_allocator_{*this, "memory", "mem_allocator"};
  info::Family owner_bytes_;

 public:
  // Moved by the rooms that know: scripting, cluster, and the keyspace with its graveyard.
  // The bytes of scripts, of functions and of the interpreter that runs these are parts of
  // Owner::scripts; its rest is taken for the interpreter of EVAL.
  info::Gauge used_memory_scripts_eval{*this, "memory", "used_memory_scripts_eval"};
  info::Gauge used_memory_vm_functions{*this, "memory", "used_memory_vm_functions"};
  info::Gauge used_memory_functions{*this, "memory", "used_memory_functions"};
  info::Gauge number_of_cached_scripts{*this, "memory", "number_of_cached_scripts"};
  info::Gauge number_of_functions{*this, "memory", "number_of_functions"};
  info::Gauge number_of_libraries{*this, "memory", "number_of_libraries"};
  info::Gauge mem_cluster_links{*this, "memory", "mem_cluster_links"};
  info::Gauge active_defrag_running{*this, "memory", "active_defrag_running"};
  info::Counter active_defrag_hits{*this, "stats", "active_defrag_hits"};
  info::Counter active_defrag_misses{*this, "stats", "active_defrag_misses"};
  info::Counter active_defrag_key_hits{*this, "stats", "active_defrag_key_hits"};
  info::Counter active_defrag_key_misses{*this, "stats", "active_defrag_key_misses"};
  info::Gauge total_active_defrag_time{*this, "stats", "total_active_defrag_time"};
  info::Gauge current_active_defrag_time{*this, "stats", "current_active_defrag_time"};
  info::Gauge lazyfree_pending_objects{*this, "memory", "lazyfree_pending_objects"};
  info::Counter lazyfreed_objects{*this, "memory", "lazyfreed_objects"};
};

// The bytes of keys and values, those on their way out included.
std::int64_t dataset_bytes(const Charges& charges);

// What is held for clients: what they sent, what they have not read, and what they subscribed to
// and track.
std::int64_t client_bytes(const Charges& charges);

}  // namespace larder::memory
