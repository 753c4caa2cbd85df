#include "larder/memory/metrics.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/format.h"
#include "larder/base/numbers.h"

namespace larder::memory {

namespace {

// The allocator's thread returns less than this only after a delay, so the server does it.
constexpr std::uint64_t kLittle = 4 << 20;

std::int64_t of(const Charges& charges, Owner owner) {
  return charges[static_cast<std::size_t>(owner)];
}

std::string human(std::int64_t bytes) {
  return base::print_human_bytes(static_cast<std::uint64_t>(bytes));
}

double quotient(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string ratio(std::int64_t part, std::int64_t whole) {
  return base::printed("%.2f", quotient(part, whole));
}

std::string percent(std::int64_t part, std::int64_t whole) {
  return base::printed("%.2f%%", 100 * quotient(part, whole));
}

std::vector<std::string_view> owner_names() {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kOwners; ++i) names.push_back(name(static_cast<Owner>(i)));
  return names;
}

std::int64_t as_signed(std::uint64_t bytes) { return static_cast<std::int64_t>(bytes); }

}  // namespace

std::int64_t dataset_bytes(const Charges& charges) {
  return of(charges, Owner::strings) + of(charges, Owner::lists) + of(charges, Owner::hashes) +
         of(charges, Owner::sets) + of(charges, Owner::sorted_sets) + of(charges, Owner::streams) +
         of(charges, Owner::graveyard);
}

std::int64_t client_bytes(const Charges& charges) {
  return of(charges, Owner::client_input) + of(charges, Owner::client_output) +
         of(charges, Owner::pubsub) + of(charges, Owner::tracking);
}

Metrics::Metrics(info::Reporter& reporter)
    : Group(reporter),
      owner_bytes_(*this, "memory_bytes", "owner", owner_names(),
                   {.help = "Bytes that each owner holds; their sum is the memory used."}) {
  total_system_memory_ = as_signed(system_memory_bytes());
  total_system_memory_human_ = human(total_system_memory_.value());
  mem_allocator_ = allocator_name();
  sample();
  note_startup();
}

void Metrics::note_peak() { peak_bytes_ = std::max(peak_bytes_, used_bytes()); }

void Metrics::reset() {
  lazyfreed_objects.reset();
  active_defrag_hits.reset();
  active_defrag_misses.reset();
  active_defrag_key_hits.reset();
  active_defrag_key_misses.reset();
  total_active_defrag_time = 0;
}

void Metrics::note_startup() { startup_bytes_ = used_bytes(); }

void Metrics::sample() {
  pages_ = read_pages();
  if (page_return() == PageReturn::by_caller || pages_.unused() < kLittle) decay();
  age_data_pages();
  rss_bytes_ = resident_set_bytes();
}

void Metrics::refresh() {
  note_peak();
  const Charges charges = balance();
  refresh_use(charges);
  refresh_scripts(charges);
  refresh_buffers(charges);
  refresh_pages();
}

void Metrics::refresh_use(const Charges& charges) {
  std::int64_t used = 0;
  for (std::size_t i = 0; i < kOwners; ++i) {
    used += charges[i];
    owner_bytes_.set(i, charges[i]);
  }
  const std::int64_t dataset = dataset_bytes(charges);
  used_memory_ = used;
  used_memory_human_ = human(used);
  used_memory_peak_ = as_signed(peak_bytes_);
  used_memory_peak_human_ = human(as_signed(peak_bytes_));
  used_memory_peak_perc_ = percent(used, as_signed(peak_bytes_));
  used_memory_startup_ = as_signed(startup_bytes_);
  used_memory_dataset_ = dataset;
  used_memory_overhead_ = used - dataset;
  // Of the memory allocated after the start; the memory of the start can have shrunk meanwhile.
  const std::int64_t grown = std::max(used - as_signed(startup_bytes_), dataset);
  used_memory_dataset_perc_ = percent(dataset, grown);
}

void Metrics::refresh_scripts(const Charges& charges) {
  const std::int64_t scripts = used_memory_scripts_eval.value() + used_memory_functions.value();
  const std::int64_t interpreters = of(charges, Owner::scripts) - scripts;
  const std::int64_t interpreter = interpreters - used_memory_vm_functions.value();
  used_memory_lua_ = interpreter;
  used_memory_lua_human_ = human(interpreter);
  used_memory_vm_eval_ = interpreter;
  used_memory_vm_total_ = interpreters;
  used_memory_vm_total_human_ = human(interpreters);
  used_memory_scripts_ = scripts;
  used_memory_scripts_human_ = human(scripts);
}

void Metrics::refresh_buffers(const Charges& charges) {
  const std::int64_t replicas = of(charges, Owner::replicas);
  const std::int64_t backlog = of(charges, Owner::backlog);
  mem_replication_backlog_ = backlog;
  mem_total_replication_buffers_ = backlog + replicas;
  mem_clients_slaves_ = replicas;
  mem_clients_normal_ = client_bytes(charges);
  mem_aof_buffer_ = of(charges, Owner::journal);
}

void Metrics::refresh_pages() {
  const std::int64_t rss = as_signed(rss_bytes_);
  const std::int64_t allocated = as_signed(pages_.allocated);
  const std::int64_t active = as_signed(pages_.active);
  const std::int64_t resident = as_signed(pages_.resident);
  used_memory_rss_ = rss;
  used_memory_rss_human_ = human(rss);
  allocator_allocated_ = allocated;
  allocator_active_ = active;
  allocator_resident_ = resident;
  allocator_frag_ratio_ = ratio(active, allocated);
  allocator_frag_bytes_ = active - allocated;
  allocator_rss_ratio_ = ratio(resident, active);
  allocator_rss_bytes_ = resident - active;
  rss_overhead_ratio_ = ratio(rss, resident);
  rss_overhead_bytes_ = rss - resident;
  mem_fragmentation_ratio_ = ratio(rss, used_memory_.value());
  mem_fragmentation_bytes_ = rss - used_memory_.value();
}

}  // namespace larder::memory
