#include <array>
#include <optional>
#include <string>

#include "larder/base/format.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"
#include "larder/types/hash.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"

namespace larder::commands {
namespace {

using namespace engine;

void append_line(std::string& out, const char* name, std::uint64_t value) {
  base::append_print(out, " %s: %llu\n", name, static_cast<unsigned long long>(value));
}

// How many buckets a search reads to find an entry, for how many entries.
void append_distribution(std::string& out, const types::TableStats& stats) {
  out += " Chain length distribution:\n";
  for (std::size_t i = 0; i < stats.at_distance.size(); ++i) {
    if (stats.at_distance[i] == 0) continue;
    const double share =
        100.0 * static_cast<double>(stats.at_distance[i]) / static_cast<double>(stats.size);
    base::append_print(out, "   %zu%s: %llu (%.2f%%)\n", i + 1,
                       i + 1 == stats.at_distance.size() ? " and more" : "",
                       static_cast<unsigned long long>(stats.at_distance[i]), share);
  }
}

// Redis's terms where they apply: the chain of an entry is the buckets that a search for it reads,
// and a different slot is one whose entry is in its home bucket.
void append_stats(std::string& out, const types::TableStats& stats, bool full) {
  out += "Hash table 0 stats (main hash table):\n";
  if (stats.size == 0) {
    out += "No stats available for empty dictionaries\n";
    return;
  }
  append_line(out, "table size", stats.slots);
  append_line(out, "number of elements", stats.size);
  append_line(out, "different slots", stats.at_distance[0]);
  append_line(out, "max chain length", stats.longest_distance + 1);
  append_line(out, "buckets", stats.buckets);
  append_line(out, "overflowed buckets", stats.overflowed_buckets);
  append_line(out, "segments", stats.segments);
  append_line(out, "bytes", stats.bytes);
  if (full) append_distribution(out, stats);
}

void debug_htstats(Call& call, keyspace::Keyspace& keyspace) {
  ArgReader args(call, 2);
  const std::int64_t index = args.integer();
  const bool full = args.word("full");
  if (args.more()) args.fail(errors::kSyntax);
  if (args.failed()) return;
  if (index < 0 || index >= static_cast<std::int64_t>(keyspace.databases())) {
    return call.reply.error("ERR Out of range database");
  }
  const keyspace::Database& db = keyspace.db(static_cast<std::size_t>(index));
  std::string text = "[Dictionary HT]\n";
  append_stats(text, db.entries().stats(), full);
  text += "[Expires HT]\n";
  append_stats(text, db.expires().stats(), full);
  call.reply.verbatim("txt", text);
}

// The shape of the table that holds a value; nothing if the value is not in a table.
std::optional<types::TableStats> hash_stats(const keyspace::Entry& entry) {
  const types::HashTable* table = entry.value<types::Hash>()->table();
  return table == nullptr ? std::nullopt : std::optional(table->fields().stats());
}

std::optional<types::TableStats> set_stats(const keyspace::Entry& entry) {
  const types::MemberTable* members = entry.value<types::Set>()->table();
  return members == nullptr ? std::nullopt : std::optional(members->stats());
}

std::optional<types::TableStats> sorted_set_stats(const keyspace::Entry& entry) {
  return entry.value<types::SortedSet>()->table_stats();
}

// In the order of types::Type.
using StatsOf = std::optional<types::TableStats> (*)(const keyspace::Entry&);
constexpr std::array<StatsOf, types::kTypes> kStats = {
    nullptr, nullptr, set_stats, sorted_set_stats, hash_stats, nullptr,
};

void debug_htstats_key(Call& call) {
  ArgReader args(call, 3);
  const bool full = args.word("full");
  if (args.more()) args.fail(errors::kSyntax);
  if (args.failed()) return;
  const auto key = keyspace::Key::of(call.arg(2));
  const keyspace::Entry* entry = call.db.entries().find(key.name, key.hash);
  if (entry == nullptr) return call.reply.error(errors::kNoSuchKey);
  if (const StatsOf stats_of = kStats[static_cast<std::size_t>(entry->type())]) {
    if (const auto stats = stats_of(*entry)) {
      std::string text;
      append_stats(text, *stats, full);
      return call.reply.verbatim("txt", text);
    }
  }
  call.reply.error(
      "ERR The value stored at the specified key is not represented using an hash table");
}

constexpr std::uint32_t kDebugHtstatsFlags = kAdmin | kNoScript | kLoading | kStale | kProtected;

}  // namespace

std::span<const engine::Command> server_debug_htstats() {
  static constexpr Command kCommands[] = {
      {.name = "debug htstats",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kDebugHtstatsFlags,
       .only_shows = true,
       .handler = Handler::of<debug_htstats>(),
       .since = "3.2.0",
       .summary = "Returns statistics of a database's hash tables.",
       .complexity = "O(N)",
       .arguments = "dbid:integer full:pure-token@FULL?"},
      {.name = "debug htstats-key",
       .family = Family::server,
       .arity = at_least(3),
       .flags = kDebugHtstatsFlags,
       .only_shows = true,
       .handler = Handler::of<debug_htstats_key>(),
       .since = "5.0.0",
       .summary = "Returns statistics of the hash table of a key's value.",
       .complexity = "O(N)",
       .arguments = "key:string full:pure-token@FULL?"},
  };
  return kCommands;
}

}  // namespace larder::commands
