#include <vector>

#include "larder/base/glob.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

struct Filter {
  std::optional<std::string_view> pattern;
  std::optional<std::string_view> type;
  std::int64_t now_ms = 0;

  bool admits(const keyspace::Entry& entry) const {
    return !entry.expired(now_ms) && (!pattern || base::match_glob(*pattern, entry.key())) &&
           (!type || base::equals_ignoring_case(*type, types::row(entry.type()).name));
  }
};

// A cursor as strtoul reads it, since clients rely on it: a sign is allowed, nothing is zero.
std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  if (text.empty()) return 0;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(c - '0'), &value)) {
      return std::nullopt;
    }
  }
  return negative ? 0 - value : value;
}

// False when an option is wrong, which has been answered.
bool read(Call& call, Filter& filter, std::int64_t& count) {
  ArgReader reader(call, 2);
  while (reader.more()) {
    if (reader.option("COUNT")) {
      count = reader.integer();
      if (count < 1) reader.fail(errors::kSyntax);
    } else if (reader.option("MATCH")) {
      const std::string_view pattern = reader.text();
      filter.pattern = pattern == "*" ? std::nullopt : std::optional(pattern);
    } else if (reader.option("TYPE")) {
      filter.type = reader.text();
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

void scan(Call& call, keyspace::Keyspace& keyspace) {
  const auto cursor = parse_cursor(call.arg(1));
  if (!cursor) return call.reply.error("ERR invalid cursor");
  Filter filter{.now_ms = keyspace.clock().unix_ms()};
  std::int64_t count = 10;
  if (!read(call, filter, count)) return;

  // The new cursor stands before the keys, so these wait until it is known.
  std::vector<const keyspace::Entry*,
              memory::Allocator<const keyspace::Entry*, memory::Owner::runtime>>
      found;
  const auto step = static_cast<std::size_t>(count);
  const std::uint64_t next = call.db.scan(*cursor, step, [&](const keyspace::Entry& entry) {
    if (filter.admits(entry)) found.push_back(&entry);
  });
  std::array<char, base::kInt64Chars> digits;
  call.reply.array(2);
  call.reply.bulk(base::print_uint64(next, digits));
  call.reply.array(found.size());
  for (const keyspace::Entry* entry : found) call.reply.bulk(entry->key());
}

}  // namespace

std::span<const engine::Command> generic_scan() {
  static constexpr Command kCommands[] = {
      {.name = "scan",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kReads | kTouchesArbitraryKeys,
       .categories = kKeyspace,
       .handler = Handler::of<scan>(),
       .since = "2.8.0",
       .summary = "Lists the keys of the database a few at a time.",
       .complexity = "O(1) for a call, O(N) for a walk over all N keys",
       .arguments = "cursor:integer pattern:pattern@MATCH? count:integer@COUNT? type:string@TYPE?",
       .tips = "nondeterministic_output request_policy:special response_policy:special"},
  };
  return kCommands;
}

}  // namespace larder::commands
