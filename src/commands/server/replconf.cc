// REPLCONF: the properties that a replica reports before PSYNC, and its offsets afterwards.

#include <optional>
#include <string>

#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/base/words.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/replication/replicas.h"

namespace larder::commands {
namespace {

using namespace engine;
using replication::Follower;
using replication::Replicas;

constexpr std::size_t kLongestAddress = 256;

bool is_word(std::string_view given, std::string_view word) {
  return base::equals_ignoring_case(given, word);
}

// What it can do; other words are those of newer replicas.
void add_capability(Follower::Description& description, std::string_view word) {
  if (is_word(word, "eof")) description.reads_eof = true;
  if (is_word(word, "psync2")) description.reads_psync2 = true;
  if (is_word(word, "field-deadlines")) description.reads_field_deadlines = true;
}

std::optional<bool> read_switch(Call& call, std::string_view text) {
  const auto number = base::parse_int64(text);
  if (!number) return call.reply.error(errors::kNotAnInteger), std::nullopt;
  if (*number == 0 || *number == 1) return *number == 1;
  call.reply.error("ERR value is out of range, value must between 0 and 1");
  return std::nullopt;
}

bool set_filter(Call& call, Follower::Description& description, std::string_view text) {
  const auto words = base::split_words(text);
  if (!words) {
    call.reply.error("ERR Missing rdb-filter-only values");
    return false;
  }
  bool with_functions = false;
  for (const std::string& word : *words) {
    if (!is_word(word, "functions")) {
      call.reply.error("ERR Unsupported rdb-filter-only option: " + word);
      return false;
    }
    with_functions = true;
  }
  description.without_keys = true;
  description.without_functions = !with_functions;
  return true;
}

// False after an error.
bool set_option(Call& call, Replicas& replicas, std::string_view name, std::string_view value) {
  Follower::Description& description = replicas.describe(call.session).description;
  if (is_word(name, "listening-port")) {
    const auto port = base::parse_int64(value);
    if (!port) return call.reply.error(errors::kNotAnInteger), false;
    description.port = *port;
  } else if (is_word(name, "ip-address")) {
    if (value.size() >= kLongestAddress) {
      call.reply.error("ERR REPLCONF ip-address provided by replica instance is too long: " +
                       std::to_string(value.size()) + " bytes");
      return false;
    }
    description.address = value;
  } else if (is_word(name, "capa")) {
    add_capability(description, value);
  } else if (is_word(name, "rdb-only")) {
    const auto is_on = read_switch(call, value);
    if (!is_on) return false;
    description.only_data = *is_on;
  } else if (is_word(name, "rdb-filter-only")) {
    return set_filter(call, description, value);
  } else if (!is_word(name, "version")) {
    call.reply.error("ERR Unrecognized REPLCONF option: " + std::string(name));
    return false;
  }
  return true;
}

// REPLCONF ACK <offset> [FACK <offset on disk>], which is not replied to.
void acknowledge(Call& call, Replicas& replicas) {
  Follower* const replica = Follower::of(call.session);
  const auto offset = base::parse_int64(call.arg(2));
  if (replica == nullptr || !offset) return;
  std::optional<std::int64_t> on_disk;
  if (call.size() > 4 && is_word(call.arg(3), "fack")) on_disk = base::parse_int64(call.arg(4));
  replicas.acknowledge(*replica, *offset, on_disk.value_or(0));
}

void replconf(Call& call, Replicas& replicas) {
  if (call.size() % 2 == 0) return call.reply.error(errors::kSyntax);
  for (std::size_t i = 1; i < call.size(); i += 2) {
    if (is_word(call.arg(i), "ack")) return acknowledge(call, replicas);
    if (is_word(call.arg(i), "getack")) return;
    if (!set_option(call, replicas, call.arg(i), call.arg(i + 1))) return;
  }
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> server_replconf() {
  static constexpr Command kCommands[] = {
      {.name = "replconf",
       .family = Family::server,
       .arity = at_least(1),
       .flags = kAdmin | kNoScript | kLoading | kStale | kAllowBusy,
       .handler = Handler::of<replconf>(),
       .since = "3.0.0",
       .summary = "Tells what a replica can do and how far it is.",
       .complexity = "O(1)"},
  };
  return kCommands;
}

}  // namespace larder::commands
