#include <algorithm>

#include "../room.h"
#include "larder/acl/user.h"
#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/access_policy.h"
#include "larder/persistence/payload_checks.h"
#include "larder/types/settings.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kBusy = "BUSYKEY Target key name already exists.";
constexpr std::string_view kInvalidTtl = "ERR Invalid TTL value, must be >= 0";
constexpr std::string_view kInvalidIdleTime = "ERR Invalid IDLETIME value, must be >= 0";
constexpr std::string_view kInvalidFrequency = "ERR Invalid FREQ value, must be >= 0 and <= 255";
constexpr std::string_view kBadPayload = "ERR DUMP payload version or checksum are wrong";
constexpr std::string_view kBadValue = "ERR Bad data format";

// Longer than the access bits can represent.
constexpr std::int64_t kMostIdleSeconds = std::int64_t{1} << 31;

struct RestoreOptions {
  bool replace = false;
  bool is_absolute = false;
  std::optional<std::int64_t> idle_s;
  std::optional<std::int64_t> frequency;
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, RestoreOptions& options) {
  ArgReader reader(call, 4);
  while (reader.more()) {
    if (reader.word("REPLACE")) {
      options.replace = true;
    } else if (reader.word("ABSTTL")) {
      options.is_absolute = true;
    } else if (!options.frequency && reader.option("IDLETIME")) {
      options.idle_s = reader.integer();
      if (*options.idle_s < 0) reader.fail(kInvalidIdleTime);
    } else if (!options.idle_s && reader.option("FREQ")) {
      options.frequency = reader.integer();
      if (*options.frequency < 0 || *options.frequency > 255) reader.fail(kInvalidFrequency);
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

// The Unix time in ms of the second argument, 0 for none; nothing when it is wrong, having
// answered.
std::optional<std::int64_t> read_deadline(Call& call, const RestoreOptions& options,
                                          std::int64_t now_ms) {
  ArgReader reader(call, 2);
  std::int64_t deadline = reader.integer();
  if (deadline < 0) reader.fail(kInvalidTtl);
  if (deadline > 0 && !options.is_absolute && __builtin_add_overflow(deadline, now_ms, &deadline)) {
    reader.fail(kInvalidTtl);
  }
  return reader.failed() ? std::nullopt : std::optional(deadline);
}

// False if there is no room for it; the error has been sent.
bool store(Call& call, persistence::DecodedValue& value, std::int64_t deadline_ms,
           eviction::Evictor& evictor) {
  const auto deadline =
      deadline_ms == 0 ? keyspace::Deadline::never() : keyspace::Deadline::at(deadline_ms);
  if (!value.has_storage()) {
    if (!has_room_for_string(call, evictor, 0, value.text().size())) return false;
    call.db.put(call.key, value.text(), deadline, keyspace::Event::restore);
    return true;
  }
  void* const storage = value.take_storage();
  if (!has_room_for_made(call, evictor, value.type(), storage)) return false;
  call.db.put_storage(call.key, value.type(), storage, keyspace::Event::restore, deadline);
  return true;
}

// Sets the use counter or idle time of the key from the options, if the policy records it.
void remember_use(Call& call, const RestoreOptions& options) {
  keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::write);
  const std::int64_t now_ms = call.now_ms();
  if (call.db.access().mode == keyspace::AccessMode::lfu) {
    if (!options.frequency) return;
    const auto count = static_cast<std::uint8_t>(*options.frequency);
    entry->access(keyspace::LfuCounter::fresh(now_ms, count).bits());
  } else if (options.idle_s) {
    const std::int64_t idle_ms = std::min(*options.idle_s, kMostIdleSeconds) * 1000;
    entry->access(keyspace::LruStamp::idle_since(now_ms, idle_ms).bits());
  }
}

// The propagated command has an absolute deadline, not a relative one, and a payload without the
// fields that were left out because their deadline has passed.
void propagate(Call& call, const RestoreOptions& options, std::int64_t deadline_ms, bool left_out) {
  if (!call.effects.listened() || (!left_out && (options.is_absolute || deadline_ms == 0))) return;
  persistence::Bytes stored;
  if (left_out) {
    const keyspace::Entry* const entry = call.db.look(call.key, keyspace::Look::untouched);
    persistence::write_payload(*entry, types::kLongAgo, persistence::Compression::on, stored);
  }
  const std::string_view payload =
      left_out ? std::string_view(stored.data(), stored.size()) : call.arg(3);
  char digits[base::kInt64Chars];
  const std::string_view at = base::print_int64(deadline_ms, digits);
  if (options.replace) {
    call.propagate({"RESTORE", call.key.name, at, payload, "ABSTTL", "REPLACE"});
  } else {
    call.propagate({"RESTORE", call.key.name, at, payload, "ABSTTL"});
  }
}

// Every account of a session is a user.
persistence::PayloadChecks::Sender sender_of(const Session& session) {
  const auto* user = static_cast<const acl::User*>(session.account);
  const bool is_exempt = user != nullptr && user->powers.skips_sanitizing();
  return is_exempt ? persistence::PayloadChecks::Sender::exempt
                   : persistence::PayloadChecks::Sender::counted;
}

void restore(Call& call, types::Settings& settings, eviction::Evictor& evictor,
             persistence::PayloadChecks& checks) {
  RestoreOptions options;
  if (!read(call, options)) return;
  if (!options.replace && call.db.look(call.key, keyspace::Look::write) != nullptr) {
    return call.reply.error(kBusy);
  }
  const auto deadline_ms = read_deadline(call, options, call.now_ms());
  if (!deadline_ms) return;
  const auto bytes = persistence::open_payload(call.arg(3), checks.checksum());
  if (!bytes) return call.reply.error(kBadPayload);
  if (!is_next_to_make(call, bytes->size())) return;
  persistence::DecodedValue value;
  const std::uint64_t refusals = memory::refusals().count;
  const bool good = value.read(*bytes, settings, call.expired_until_ms(), evictor.most_growth());
  checks.count(value, sender_of(call.session));
  if (!good && value.lacks_room()) return reply_out_of_memory(call, refusals);
  if (!good) return call.reply.error(kBadValue);
  if (*deadline_ms != 0 && call.db.is_past(*deadline_ms)) {
    if (call.db.erase(call.key)) call.propagate({"DEL", call.key.name});
    return call.reply.ok();
  }
  if (!store(call, value, *deadline_ms, evictor)) return;
  remember_use(call, options);
  propagate(call, options, *deadline_ms, value.left_out_fields());
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> generic_restore() {
  static constexpr Command kCommands[] = {
      {.name = "restore",
       .family = Family::generic,
       .arity = at_least(4),
       .flags = kWrites | kGrows,
       .categories = kKeyspace | kDangerous,
       .keys = {KeySpec::one(1, kOW | kUpdate)},
       .handler = Handler::of<restore>(),
       .since = "2.6.0",
       .summary = "Creates a key from a payload of DUMP.",
       .complexity = "O(N) where N is the size of the value, O(N*log(N)) for sorted sets",
       .arguments = "key:key#0 ttl:integer serialized-value:string replace:pure-token@REPLACE? "
                    "absttl:pure-token@ABSTTL? seconds:integer@IDLETIME? "
                    "frequency:integer@FREQ?"},
      {.name = "restore-asking",
       .family = Family::server,
       .arity = at_least(4),
       .flags = kWrites | kGrows | kAsking,
       .categories = kKeyspace | kDangerous,
       .keys = {KeySpec::one(1, kOW | kUpdate)},
       .handler = Handler::of<restore>(),
       .since = "3.0.0",
       .summary = "The same for a key whose slot is being imported.",
       .complexity = "O(N) where N is the size of the value, O(N*log(N)) for sorted sets",
       .arguments = "key:key#0 ttl:integer serialized-value:string replace:pure-token@REPLACE? "
                    "absttl:pure-token@ABSTTL? seconds:integer@IDLETIME? "
                    "frequency:integer@FREQ?"},
  };
  return kCommands;
}

}  // namespace larder::commands
