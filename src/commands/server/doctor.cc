#include "doctor.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "larder/base/numbers.h"
#include "larder/eviction/evictor.h"
#include "larder/memory/heap.h"
#include "larder/memory/metrics.h"

namespace larder::commands {
namespace {

using memory::Owner;

// Below this size no advice is useful.
constexpr std::int64_t kLeastToDiagnose = 5 << 20;
constexpr std::int64_t kMuch = 10 << 20;

constexpr int kPeakPercent = 150;
constexpr int kNearLimitPercent = 95;
constexpr int kNearBudgetPercent = 75;
constexpr int kFragmentedPercent = 110;
constexpr int kBufferPercent = 20;
constexpr int kDeadPercent = 5;
constexpr std::int64_t kBytesPerClient = 200 * 1024;

std::string bytes(std::int64_t count) {
  return base::print_human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)));
}

std::string percent(std::int64_t part, std::int64_t whole) {
  return std::to_string(whole == 0 ? 0 : part * 100 / whole) + "%";
}

bool exceeds(std::int64_t part, std::int64_t whole, int percents) {
  return part > whole / 100 * percents;
}

void say(std::string& report, std::string_view text) {
  report += " * ";
  report += text;
  report += '\n';
}

std::string describe(const Symptoms::LargestClient& culprit) {
  std::string text = "Connection " + std::to_string(culprit.id) + " at " + culprit.address;
  text += culprit.name.empty() ? " (without a name)" : " (" + culprit.name + ")";
  return text + " holds most: " + bytes(culprit.total_bytes) + ", omem " +
         bytes(culprit.output_bytes) + ", qbuf " + bytes(culprit.input_bytes) + ", last command " +
         culprit.last_command + ". CLIENT KILL ID " + std::to_string(culprit.id) + " frees it.";
}

void check_limit(const Symptoms& s, std::string& report) {
  const std::int64_t used = s.counted_bytes();
  if (s.limit_bytes == 0 || !exceeds(used, s.limit_bytes, kNearLimitPercent)) return;
  std::string text = "maxmemory is nearly reached or exceeded: " + bytes(used) + " of " +
                     bytes(s.limit_bytes) + " are used. ";
  text += s.evicts ? "Keys are being evicted to stay below; INFO stats says how many."
                   : "The policy evicts nothing, so commands that need memory are rejected. Raise "
                     "maxmemory, delete keys, or choose another maxmemory-policy.";
  say(report, text);
}

// Replies to clients, and messages to subscribers and monitoring clients.
void check_output(const Symptoms& s, std::string& report) {
  const std::int64_t unread = std::max(s.of(Owner::client_output), s.culprit.output_bytes);
  const std::int64_t least =
      s.client_budget_bytes > 0 ? std::min(s.used_bytes(), s.client_budget_bytes) : s.used_bytes();
  const bool is_much = unread >= kMuch && exceeds(unread, least, kBufferPercent);
  if (!is_much && s.clients_held_back == 0) return;
  std::string text = "client.output holds " + bytes(s.of(Owner::client_output)) + ", " +
                     percent(s.of(Owner::client_output), s.used_bytes()) +
                     " of the memory in use: replies and messages that clients have not read.";
  if (s.clients_held_back > 0) {
    text += " " + std::to_string(s.clients_held_back) +
            " of them are not served until they read some of it.";
  }
  if (s.culprit.output_bytes > 0) text += " " + describe(s.culprit);
  say(report, text);
}

void check_input(const Symptoms& s, std::string& report) {
  const std::int64_t input = s.of(Owner::client_input);
  if (s.clients == 0 || input < kMuch || input / s.clients < kBytesPerClient) return;
  std::string text = "client.input holds " + bytes(input) + " for " + std::to_string(s.clients) +
                     " connections: clients send large commands in pieces, or queue many between "
                     "MULTI and EXEC. client-query-buffer-limit bounds it for each.";
  const std::int64_t by_culprit = s.culprit.total_bytes - s.culprit.output_bytes;
  if (exceeds(by_culprit, input, kBufferPercent)) text += " " + describe(s.culprit);
  say(report, text);
}

void check_budget(const Symptoms& s, std::string& report) {
  const std::int64_t held = memory::client_bytes(s.charges);
  if (s.client_budget_bytes == 0 || !exceeds(held, s.client_budget_bytes, kNearBudgetPercent)) {
    return;
  }
  say(report,
      "Clients hold " + bytes(held) + " of the " + bytes(s.client_budget_bytes) +
          " that maxmemory-clients allows them: those that hold the most are not served, and "
          "above the budget they are disconnected. INFO stats counts them as "
          "evicted_clients.");
}

void check_dead(const Symptoms& s, std::string& report) {
  const std::int64_t dead = s.of(Owner::graveyard);
  if (dead >= kMuch && exceeds(dead, s.used_bytes(), kDeadPercent)) {
    say(report, "graveyard holds " + bytes(dead) + ", " + percent(dead, s.used_bytes()) +
                    " of the memory in use: values that were removed and wait to be freed. It "
                    "is freed in steps between commands; look again in a moment.");
  }
  if (s.expired_bytes >= kMuch && exceeds(s.expired_bytes, s.used_bytes(), kDeadPercent)) {
    say(report, "Keys past their deadline still hold " + bytes(s.expired_bytes) +
                    ". Raise active-expire-effort, or turn active expiry on again if DEBUG "
                    "SET-ACTIVE-EXPIRE turned it off.");
  }
}

void check_peak(const Symptoms& s, std::string& report) {
  if (!exceeds(s.peak_bytes, s.used_bytes(), kPeakPercent)) return;
  say(report, "There was a peak of " + bytes(s.peak_bytes) + " against " + bytes(s.used_bytes()) +
                  " now. The system may still count pages from then (" + bytes(s.rss_bytes) +
                  " resident); MEMORY PURGE returns unused ones.");
}

void check_pages(const Symptoms& s, std::string& report) {
  const std::int64_t scattered = s.active_bytes - s.allocated_bytes;
  if (scattered > kMuch && exceeds(s.active_bytes, s.allocated_bytes, kFragmentedPercent)) {
    say(report, "The allocator's pages are fragmented: " + bytes(scattered) +
                    " are free between blocks in use. They are used again for new data; " +
                    (memory::kHasPageStore ? "activedefrag yes closes the gaps."
                                           : "a restart removes the gaps."));
  }
  const std::int64_t kept = s.resident_bytes - s.active_bytes;
  if (kept > kMuch && exceeds(s.resident_bytes, s.active_bytes, kFragmentedPercent)) {
    say(report, "The allocator keeps " + bytes(kept) +
                    " of empty pages. MEMORY PURGE returns them to the system.");
  }
  const std::int64_t foreign = s.rss_bytes - s.resident_bytes;
  if (foreign > kMuch && exceeds(s.rss_bytes, s.resident_bytes, kFragmentedPercent)) {
    say(report,
        bytes(foreign) + " of the process have no owner: libraries, code and stacks, not data.");
  }
}

void check_replicas(const Symptoms& s, std::string& report) {
  for (const Symptoms::Lagging& replica : s.lagging) {
    if (replica.bytes < kMuch) continue;
    say(report, "Replica " + replica.name + " is behind by " + bytes(replica.bytes) +
                    " and was last heard of " + std::to_string(replica.seconds) +
                    " seconds ago. For replicas that are behind, " + bytes(s.of(Owner::replicas)) +
                    " of memory and " + bytes(s.spilled_bytes) + " on disk are kept.");
  }
}

// Owners, other than the dataset and its tables, with a large part of all memory.
void check_owners(const Symptoms& s, std::string& report) {
  for (const Owner owner :
       {Owner::pubsub, Owner::tracking, Owner::replicas, Owner::backlog, Owner::journal,
        Owner::snapshot, Owner::scripts, Owner::acl, Owner::statistics, Owner::runtime}) {
    const std::int64_t held = s.of(owner) - (owner == Owner::runtime ? s.startup_bytes : 0);
    if (held < kMuch || !exceeds(held, s.used_bytes(), kBufferPercent)) continue;
    say(report, std::string(name(owner)) + " holds " + bytes(held) + ", " +
                    percent(held, s.used_bytes()) + " of the memory in use, and is not data.");
  }
}

}  // namespace

std::int64_t Symptoms::used_bytes() const {
  std::int64_t sum = 0;
  for (const std::int64_t owned : charges) sum += owned;
  return sum;
}

std::int64_t Symptoms::counted_bytes() const {
  return used_bytes() - eviction::bytes_not_counted_for_evict(charges);
}

std::string diagnose(const Symptoms& symptoms) {
  const std::int64_t used = symptoms.used_bytes();
  std::string report;
  check_limit(symptoms, report);
  if (used < kLeastToDiagnose && report.empty()) {
    return "This instance is empty or uses very little memory (" + bytes(used) +
           "): there is nothing to examine yet.\n";
  }
  check_output(symptoms, report);
  check_input(symptoms, report);
  check_budget(symptoms, report);
  check_dead(symptoms, report);
  check_replicas(symptoms, report);
  check_owners(symptoms, report);
  check_peak(symptoms, report);
  check_pages(symptoms, report);
  const std::int64_t dataset = memory::dataset_bytes(symptoms.charges);
  const std::string summary =
      bytes(used) + " in use, " + percent(dataset, used) + " of it keys and values, " +
      percent(symptoms.of(Owner::table) + symptoms.of(Owner::expires), used) + " tables.\n";
  if (report.empty()) return "No memory problems found. " + summary;
  return "Memory problems found. " + summary + report + "MEMORY STATS lists every owner.\n";
}

}  // namespace larder::commands
