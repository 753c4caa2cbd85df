#include "larder/server/memory_plan.h"

#include <algorithm>
#include <utility>

#include "larder/base/numbers.h"
#include "larder/eviction/page_limit.h"
#include "larder/memory/heap.h"

namespace larder::server {
namespace {

using Form = config::Limit::Form;

// The program, its libraries, the stacks of its threads, and the page tables of a few gigabytes.
constexpr std::int64_t kProgram = 16 << 20;
// What all clients together may always have (docs/clients.md).
constexpr std::int64_t kClients = 4 << 20;
// The ring of effects on the way to the file, and what is written from it.
constexpr std::int64_t kJournal = 16 << 20;
// Slabs that are filled in part, however little data there is.
constexpr std::int64_t kHoles = memory::kHasPageStore ? eviction::PageLimit::kBytes : 0;
// Percent of maxmemory: used_memory may exceed it by one, and holes in pages take the rest. Without
// the page store they have no bound, and this is only usual.
constexpr std::int64_t kBesideMaxmemory =
    1 + (memory::kHasPageStore ? std::int64_t{eviction::PageLimit::kPercent} : 9);
// What is on the way to the disk and through the pipe of a full copy, and for each replica from the
// disk.
constexpr std::int64_t kForReplicas = 5 << 20;
constexpr std::int64_t kForReplica = 256 << 10;
constexpr std::int64_t kPercent = 100;
// The least maxmemory that `auto` gives, even if the system's limit does not cover the other needs.
constexpr std::int64_t kLeast = 1 << 20;

std::string in_words(std::int64_t bytes) {
  return base::print_human_bytes(static_cast<std::uint64_t>(bytes));
}

std::int64_t share(std::int64_t whole, std::int64_t percent) {
  return whole / kPercent * percent + whole % kPercent * percent / kPercent;
}

}  // namespace

MemoryPlan::MemoryPlan(info::Reporter& reporter, Configuration& configuration,
                       const engine::Sessions& sessions, base::Log& log, const base::Clock& clock,
                       const replication::Replicas* replicas, std::string root)
    : Group(reporter),
      configuration_(configuration),
      sessions_(sessions),
      log_(log),
      clock_(clock),
      replicas_(replicas),
      root_(std::move(root)),
      limit_(process::read_memory_limit(root_)),
      read_at_ms_(clock.steady_ms()) {
  if (const auto applied = apply(); !applied) log_.warning(applied.error().text);
  configuration.eviction.maxmemory.watch([this] { return apply(); });
}

std::vector<MemoryPlan::Need> MemoryPlan::needs() const {
  const auto& persistence = configuration_.persistence;
  std::vector<Need> needs = {{"the program", kProgram}, {"clients", kClients}};
  if (persistence.snapshots.snapshot_method.value() == 0) {
    needs.push_back({"snapshots", persistence.snapshots.snapshot_memory_limit.value()});
  }
  if (persistence.journal.appendonly.value()) needs.push_back({"the append-only file", kJournal});
  if (kHoles > 0) needs.push_back({"part-filled slabs", kHoles});
  return needs;
}

std::vector<std::string_view> MemoryPlan::unbounded() const {
  std::vector<std::string_view> names = {memory::kHasPageStore ? "jemalloc-pages"
                                                               : "fragmentation"};
  if (configuration_.net.clients.socket_buffer_bytes() == 0) names.push_back("socket-buffers");
  if (has_replicas() && most_behind() == 0) names.push_back("replica-buffers");
  if (configuration_.eviction.maxmemory.value() == 0 || follows_a_primary()) {
    names.push_back("data");
  }
  if (configuration_.persistence.snapshots.snapshot_method.value() != 0) names.push_back("fork");
  return names;
}

std::int64_t MemoryPlan::bound_of(std::int64_t maxmemory) const {
  std::int64_t bytes = maxmemory + share(maxmemory, kBesideMaxmemory);
  for (const Need& need : needs()) bytes += need.bytes;
  return bytes;
}

std::int64_t MemoryPlan::bound_of_sockets() const {
  const net::ClientSettings& clients = configuration_.net.clients;
  if (clients.socket_buffer_bytes() == 0) return 0;
  return static_cast<std::int64_t>(sessions_.size()) * clients.most_in_socket();
}

// The part of the stream that the disk has not taken; 0 without a limit.
std::int64_t MemoryPlan::most_behind() const {
  const auto& limits = configuration_.net.clients.client_output_buffer_limit;
  return static_cast<std::int64_t>(limits.value(config::ClientClass::replica).hard_bytes);
}

std::int64_t MemoryPlan::bound_of_replicas() const {
  if (!has_replicas()) return 0;
  return most_behind() + kForReplicas + static_cast<std::int64_t>(replicas_->size()) * kForReplica;
}

// And has what the primary has, whatever maxmemory is here.
bool MemoryPlan::follows_a_primary() const {
  return replicas_ != nullptr && replicas_->upstream() != replication::Replicas::Upstream::none &&
         configuration_.eviction.replica_ignore_maxmemory.value();
}

std::int64_t MemoryPlan::automatic() const {
  auto left = static_cast<std::int64_t>(limit_.bytes);
  for (const Need& need : needs()) left -= need.bytes;
  return std::max(left / (kPercent + kBesideMaxmemory) * kPercent, kLeast);
}

std::int64_t MemoryPlan::wanted() const {
  const config::Limit& maxmemory = configuration_.eviction.maxmemory;
  if (maxmemory.form() == Form::automatic) return automatic();
  return std::min(share(static_cast<std::int64_t>(limit_.bytes), maxmemory.percent()), automatic());
}

base::Result<void> MemoryPlan::apply() {
  if (configuration_.eviction.maxmemory.form() == Form::bytes) return {};
  if (limit_.bytes == 0) {
    return base::Error{
        "maxmemory needs a number of bytes, because the system does not say how "
        "much memory it has"};
  }
  find();
  return {};
}

void MemoryPlan::find() {
  config::Limit& maxmemory = configuration_.eviction.maxmemory;
  const std::int64_t bytes = wanted();
  if (bytes == maxmemory.value()) return;
  maxmemory.resolve(bytes);
  log_.notice(explanation());
  if (bytes > kLeast) return;
  log_.warning(
      "The system allows too little memory for this configuration. Lower "
      "snapshot-memory-limit, or allow more.");
}

std::string MemoryPlan::explanation() const {
  const config::Limit& maxmemory = configuration_.eviction.maxmemory;
  std::string text = "maxmemory " + maxmemory.arguments().front() + " is " +
                     in_words(maxmemory.value()) + ": the system allows " +
                     in_words(static_cast<std::int64_t>(limit_.bytes)) + " (" + limit_.source +
                     "), and needed beside maxmemory are";
  for (const Need& need : needs()) {
    text.append(" ").append(in_words(need.bytes)).append(" for ").append(need.name).append(",");
  }
  text +=
      " and " + std::to_string(kBesideMaxmemory) + "% of it for holes in pages. Without a bound:";
  for (const std::string_view name : unbounded()) text.append(" ").append(name);
  text += ".";
  if (has_replicas()) {
    text += " Replicas that are behind take up to " + in_words(bound_of_replicas()) + ".";
  }
  const net::ClientSettings& clients = configuration_.net.clients;
  if (clients.socket_buffer_bytes() == 0) return text;
  return text + " The system's buffers take up to " + in_words(clients.most_in_socket()) +
         " for each client.";
}

void MemoryPlan::beat() {
  if (configuration_.eviction.maxmemory.form() == Form::bytes) return;
  if (clock_.steady_ms() - read_at_ms_ < kPauseMs) return;
  read_at_ms_ = clock_.steady_ms();
  process::MemoryLimit now = process::read_memory_limit(root_);
  if (now.bytes == 0) return;
  limit_ = std::move(now);
  find();
}

void MemoryPlan::refresh() {
  limit_ = process::read_memory_limit(root_);
  process_limit_ = static_cast<std::int64_t>(limit_.bytes);
  const std::int64_t maxmemory = configuration_.eviction.maxmemory.value();
  process_bound_ =
      maxmemory == 0 ? 0 : bound_of(maxmemory) + bound_of_sockets() + bound_of_replicas();
  std::string names;
  for (const std::string_view name : unbounded()) {
    names.append(names.empty() ? "" : ",").append(name);
  }
  process_unbounded_ = names;
}

}  // namespace larder::server
