// MIGRATE

#include <algorithm>
#include <climits>
#include <string>
#include <utility>

#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/migrations.h"

namespace larder::commands {
namespace {

using namespace engine;
using replication::MigrationOrder;
using replication::Migrations;

constexpr std::size_t kFirstOption = 6;
constexpr std::int64_t kDefaultTimeoutMs = 1000;
constexpr std::int64_t kMostPort = 65535;

// The position of the first key behind KEYS; 0 if the only key is the third argument.
std::size_t keys_position(std::span<const std::string_view> args) {
  if (args.size() < kFirstOption || !args[3].empty()) return 0;
  for (std::size_t i = kFirstOption; i + 1 < args.size(); ++i) {
    if (base::equals_ignoring_case(args[i], "keys")) return i + 1;
    if (base::equals_ignoring_case(args[i], "auth")) i += 1;
    if (base::equals_ignoring_case(args[i], "auth2")) i += 2;
  }
  return 0;
}

bool is_secret(std::span<const std::string_view> args, std::size_t index) {
  const auto is = [&](std::size_t at, std::string_view word) {
    return at >= kFirstOption && base::equals_ignoring_case(args[at], word);
  };
  return is(index - 1, "auth") || is(index - 1, "auth2") || (index > 1 && is(index - 2, "auth2"));
}

// False if an error has been sent. `keys` is the position of the first key.
bool read_options(Call& call, MigrationOrder& order, std::size_t& keys, std::size_t& last) {
  ArgReader reader(call, kFirstOption);
  keys = 3;
  last = 3;
  while (reader.more()) {
    if (reader.word("COPY")) {
      order.copies = true;
    } else if (reader.word("REPLACE")) {
      order.replaces = true;
    } else if (reader.option("AUTH")) {
      order.password = reader.text();
    } else if (reader.left() > 2 && reader.option("AUTH2")) {
      order.user = reader.text();
      order.password = reader.text();
    } else if (reader.option("KEYS")) {
      if (!call.arg(3).empty()) {
        return call.reply.error(
                   "ERR When using MIGRATE KEYS option, the key argument must be set "
                   "to the empty string"),
               false;
      }
      keys = call.size() - reader.left();
      last = call.size() - 1;
      break;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

bool read_numbers(Call& call, MigrationOrder& order) {
  const auto timeout = base::parse_int64(call.arg(5));
  const auto db = base::parse_int64(call.arg(4));
  if (!timeout || !db || *db < INT_MIN || *db > INT_MAX) {
    return call.reply.error(errors::kNotAnInteger), false;
  }
  order.timeout_ms = *timeout > 0 ? *timeout : kDefaultTimeoutMs;
  order.to_db = static_cast<int>(*db);
  return true;
}

void migrate(Call& call, Migrations& migrations) {
  MigrationOrder order;
  std::size_t first = 0;
  std::size_t last = 0;
  if (!read_options(call, order, first, last) || !read_numbers(call, order)) return;
  for (std::size_t i = first; i <= last; ++i) {
    const auto key = keyspace::Key::of(call.arg(i));
    if (call.db.look(key, keyspace::Look::read) != nullptr) order.keys.emplace_back(call.arg(i));
  }
  if (order.keys.empty()) return call.reply.simple("NOKEY");
  const auto port = base::parse_int64(call.arg(2));
  if (!port || *port < 0 || *port > kMostPort || !migrations.can_connect()) {
    return call.reply.error("ERR Can't connect to target node: invalid address");
  }
  order.host = call.arg(1);
  order.port = static_cast<int>(*port);
  // No client could be served while a transaction or a script waits for another server.
  if (!Migrations::may_wait(call.session) || !call.wait_for({.keys = {}, .type = {}})) {
    return call.reply.error("ERR MIGRATE is not possible in a transaction or a script");
  }
  call.suppress_effects();
  migrations.begin(call.session, std::move(order));
}

}  // namespace

std::span<const engine::Command> generic_migrate() {
  static constexpr Command kCommands[] = {
      {.name = "migrate",
       .family = Family::generic,
       .arity = at_least(6),
       .flags = kWrites | kMovableKeys,
       .categories = kKeyspace | kDangerous,
       .keys = {KeySpec::one(3, kRW | kAccess | kDelete | kUnlessNamed),
                KeySpec{.begin = KeySpec::Begin::keyword,
                        .first = -2,
                        .keyword = "KEYS",
                        .last = -1,
                        .flags = kRW | kAccess | kDelete | kIncomplete}},
       .unspecified_key = &keys_position,
       .handler = Handler::of<migrate>(),
       .is_secret = &is_secret,
       .since = "2.6.0",
       .summary = "Moves keys to another server.",
       .complexity = "O(N) where N is the size of the values",
       .arguments = "host:string port:integer key-selector:oneof(key:key#0 "
                    "empty-string:pure-token) destination-db:integer timeout:integer "
                    "copy:pure-token@COPY? replace:pure-token@REPLACE? "
                    "authentication:oneof?(auth:string@AUTH auth2:block@AUTH2(username:string "
                    "password:string)) keys:key#1@KEYS?*",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
