#include <algorithm>
#include <string>

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/ledger.h"
#include "larder/memory/metrics.h"

namespace larder::commands {
namespace {

using namespace engine;
using memory::Owner;

double quotient(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Writes the fields of a map and counts them.
class Fields {
 public:
  explicit Fields(resp::Writer& reply) : reply_(reply), mark_(reply.begin_map()) {}

  void number(std::string_view name, std::int64_t value) {
    header(name);
    reply_.integer(value);
  }
  void real(std::string_view name, double value) {
    header(name);
    reply_.real(value);
  }
  // The name of a value that the caller writes.
  void header(std::string_view name) {
    ++count_;
    reply_.bulk(name);
  }
  void end() { reply_.end_map(mark_, count_); }

 private:
  resp::Writer& reply_;
  resp::Writer::Mark mark_;
  std::uint64_t count_ = 0;
};

struct Balance {
  memory::Charges charges;
  std::int64_t used = 0;
  std::int64_t startup = 0;
  std::int64_t peak = 0;

  std::int64_t of(Owner owner) const { return charges[static_cast<std::size_t>(owner)]; }
  std::int64_t dataset() const { return memory::dataset_bytes(charges); }
  std::int64_t grown() const { return std::max(used - startup, dataset()); }
};

Balance balance_now(memory::Metrics& metrics) {
  metrics.note_peak();
  Balance balance{.charges = memory::balance()};
  for (const std::int64_t bytes : balance.charges) balance.used += bytes;
  balance.startup = static_cast<std::int64_t>(metrics.startup_bytes());
  balance.peak = static_cast<std::int64_t>(metrics.peak_bytes());
  return balance;
}

void write_totals(Fields& fields, const Balance& balance, const memory::Metrics& metrics) {
  fields.number("peak.allocated", balance.peak);
  fields.number("total.allocated", balance.used);
  fields.number("startup.allocated", balance.startup);
  fields.number("replication.backlog", balance.of(Owner::backlog));
  fields.number("clients.slaves", balance.of(Owner::replicas));
  fields.number("clients.normal",
                balance.of(Owner::client_input) + balance.of(Owner::client_output));
  fields.number("cluster.links", metrics.mem_cluster_links.value());
  fields.number("aof.buffer", balance.of(Owner::journal));
  fields.number("lua.caches", metrics.used_memory_scripts_eval.value());
  fields.number("functions.caches", metrics.used_memory_functions.value());
}

void write_databases(Fields& fields, resp::Writer& reply, const keyspace::Keyspace& keyspace) {
  for (std::size_t i = 0; i < keyspace.databases(); ++i) {
    const keyspace::Database& db = keyspace.db(i);
    if (db.size() == 0) continue;
    fields.header("db." + std::to_string(i));
    Fields of_db(reply);
    of_db.number("overhead.hashtable.main", static_cast<std::int64_t>(db.entries().bytes()));
    of_db.number("overhead.hashtable.expires", static_cast<std::int64_t>(db.expires().bytes()));
    of_db.number("overhead.hashtable.slot-to-keys", 0);
    of_db.end();
  }
}

void write_dataset(Fields& fields, const Balance& balance, std::int64_t keys) {
  const std::int64_t since_start = std::max<std::int64_t>(balance.used - balance.startup, 0);
  fields.number("overhead.total", balance.used - balance.dataset());
  fields.number("keys.count", keys);
  fields.number("keys.bytes-per-key", keys == 0 ? 0 : since_start / keys);
  fields.number("dataset.bytes", balance.dataset());
  fields.real("dataset.percentage", 100 * quotient(balance.dataset(), balance.grown()));
  fields.real("peak.percentage", 100 * quotient(balance.used, balance.peak));
}

void write_pages(Fields& fields, const Balance& balance, const memory::Metrics& metrics) {
  const auto allocated = static_cast<std::int64_t>(metrics.pages().allocated);
  const auto active = static_cast<std::int64_t>(metrics.pages().active);
  const auto resident = static_cast<std::int64_t>(metrics.pages().resident);
  const auto rss = static_cast<std::int64_t>(metrics.rss_bytes());
  fields.number("allocator.allocated", allocated);
  fields.number("allocator.active", active);
  fields.number("allocator.resident", resident);
  fields.real("allocator-fragmentation.ratio", quotient(active, allocated));
  fields.number("allocator-fragmentation.bytes", active - allocated);
  fields.real("allocator-rss.ratio", quotient(resident, active));
  fields.number("allocator-rss.bytes", resident - active);
  fields.real("rss-overhead.ratio", quotient(rss, resident));
  fields.number("rss-overhead.bytes", rss - resident);
  fields.real("fragmentation", quotient(rss, balance.used));
  fields.number("fragmentation.bytes", rss - balance.used);
}

void write_owners(Fields& fields, const Balance& balance) {
  for (std::size_t i = 0; i < memory::kOwners; ++i) {
    fields.number("owner." + std::string(name(static_cast<Owner>(i))), balance.charges[i]);
  }
}

void memory_stats(Call& call, keyspace::Keyspace& keyspace, memory::Metrics& metrics) {
  const Balance balance = balance_now(metrics);
  Fields fields(call.reply);
  write_totals(fields, balance, metrics);
  write_databases(fields, call.reply, keyspace);
  write_dataset(fields, balance, static_cast<std::int64_t>(keyspace.size()));
  write_pages(fields, balance, metrics);
  write_owners(fields, balance);
  fields.end();
}

}  // namespace

std::span<const engine::Command> server_memory_stats() {
  static constexpr Command kCommands[] = {
      {.name = "memory stats",
       .family = Family::server,
       .arity = exactly(2),
       .handler = Handler::of<memory_stats>(),
       .since = "4.0.0",
       .summary = "Returns memory statistics: totals, databases, the allocator, and each owner.",
       .complexity = "O(1)",
       .tips = "nondeterministic_output request_policy:all_shards response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
