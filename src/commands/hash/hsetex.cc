#include <string>

#include "field_deadline.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class FieldsCondition : std::uint8_t { none, none_exists, all_exist };

struct HsetexRequest {
  FieldsCondition condition = FieldsCondition::none;
  std::optional<std::int64_t> deadline_ms;
  bool keep_deadline = false;
  std::size_t first = 0;  // of the fields, each followed by its value; 0: not read yet
};

// The readers below return false if something is wrong; the error has been sent.
bool refuse(Call& call, std::string_view error) {
  call.reply.error(error);
  return false;
}

bool read_condition(Call& call, HsetexRequest& request, FieldsCondition condition) {
  if (request.condition != FieldsCondition::none) {
    return refuse(call, "ERR Only one of FXX or FNX arguments can be specified");
  }
  request.condition = condition;
  return true;
}

// `form`: nothing for KEEPTTL.
bool read_expiration(Call& call, HsetexRequest& request, std::optional<TimeForm> form,
                     std::size_t& at, std::int64_t now_ms) {
  if (request.keep_deadline || request.deadline_ms) {
    return refuse(call, "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
  }
  if (!form) {
    request.keep_deadline = true;
    return true;
  }
  if (++at == call.size()) return refuse(call, errors::kSyntax);
  request.deadline_ms = read_deadline(call, call.arg(at), *form, now_ms);
  return request.deadline_ms.has_value();
}

bool read_list(Call& call, HsetexRequest& request, std::size_t at) {
  const auto count = at + 1 < call.size() ? base::parse_int64(call.arg(at + 1)) : std::nullopt;
  if (!count || *count < 1 || *count > INT32_MAX) {
    return refuse(call, "ERR invalid number of fields");
  }
  request.first = at + 2;
  if (call.size() - request.first == 2 * static_cast<std::size_t>(*count)) return true;
  return refuse(call,
                "ERR wrong number of arguments for '" + call.command.full_name() + "' command");
}

bool read(Call& call, HsetexRequest& request, std::int64_t now_ms) {
  for (std::size_t at = 2; at < call.size(); ++at) {
    const std::string_view word = call.arg(at);
    bool good = false;
    if (base::equals_ignoring_case(word, "FIELDS")) return read_list(call, request, at);
    if (base::equals_ignoring_case(word, "FNX")) {
      good = read_condition(call, request, FieldsCondition::none_exists);
    } else if (base::equals_ignoring_case(word, "FXX")) {
      good = read_condition(call, request, FieldsCondition::all_exist);
    } else if (base::equals_ignoring_case(word, "KEEPTTL")) {
      good = read_expiration(call, request, std::nullopt, at, now_ms);
    } else if (const auto form = time_form(word)) {
      good = read_expiration(call, request, form, at, now_ms);
    } else {
      return refuse(call, "ERR unknown argument: " + std::string(word));
    }
    if (!good) return false;
  }
  return refuse(call, "ERR Mandatory argument FIELDS is missing or not at the right position");
}

bool holds(Call& call, const HsetexRequest& request, const FoundHash& found) {
  if (request.condition == FieldsCondition::none) return true;
  const bool wanted = request.condition == FieldsCondition::all_exist;
  for (std::size_t i = request.first; i < call.size(); i += 2) {
    if ((found && found->contains(call.arg(i), call.expired_until_ms())) != wanted) return false;
  }
  return true;
}

// The propagated command has no condition and no relative time.
void propagate(Call& call, const HsetexRequest& request, std::string_view field,
               std::string_view value) {
  if (request.deadline_ms) {
    std::array<char, base::kInt64Chars> digits;
    call.propagate({"HSETEX", call.key.name, "PXAT",
                    base::print_int64(*request.deadline_ms, digits), "FIELDS", "1", field, value});
  } else if (request.keep_deadline) {
    call.propagate({"HSETEX", call.key.name, "KEEPTTL", "FIELDS", "1", field, value});
  } else {
    call.propagate({"HSET", call.key.name, field, value});
  }
}

// A deadline in the past removes the fields, whether or not they existed.
void remove_all(Call& call, HashEdit& hash, const HsetexRequest& request) {
  bool changed = false;
  for (std::size_t i = request.first; i < call.size(); i += 2) {
    if (!hash->erase(call.arg(i), call.expired_until_ms())) continue;
    propagate_removal(call, call.arg(i));
    changed = true;
  }
  if (!changed) hash.discard();
}

void set_all(Call& call, HashEdit& hash, const HsetexRequest& request,
             const types::HashLimits& limits) {
  const std::int64_t until_ms = call.expired_until_ms();
  make_room(hash, (call.size() - request.first) / 2, limits);
  const auto deadline =
      request.keep_deadline ? types::FieldDeadline::keep : types::FieldDeadline::drop;
  for (std::size_t i = request.first; i < call.size(); i += 2) {
    hash->set(call.arg(i), call.arg(i + 1), limits, until_ms, deadline);
    if (request.deadline_ms) hash->set_deadline(call.arg(i), request.deadline_ms, until_ms);
    propagate(call, request, call.arg(i), call.arg(i + 1));
  }
}

void hsetex(Call& call, types::Settings& settings) {
  HsetexRequest request;
  if (!read(call, request, call.now_ms())) return;
  const auto found = find_hash_to_change(call);
  if (found.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!holds(call, request, found)) return call.reply.integer(0);
  const bool past = request.deadline_ms && call.db.is_past(*request.deadline_ms);
  {
    HashEdit hash(call.db, call.key, found.entry(),
                  past ? keyspace::Event::hdel : keyspace::Event::hset);
    past ? remove_all(call, hash, request)
         : set_all(call, hash, request, types::HashLimits::of(settings));
  }
  if (request.deadline_ms && !past) {
    call.db.log_also(keyspace::Event::hexpire, call.key);
  }
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> hash_hsetex() {
  static constexpr Command kCommands[] = {
      {.name = "hsetex",
       .family = Family::hash,
       .arity = at_least(6),
       .flags = kWrites | kGrows | kFast,
       .keys = {KeySpec::one(1, kRW | kUpdate)},
       .handler = Handler::of<hsetex>(),
       .since = "8.0.0",
       .summary = "Sets fields of a hash and their deadline.",
       .complexity = "O(N) for N fields",
       .arguments =
           "key:key#0 condition:oneof?(fnx:pure-token@FNX fxx:pure-token@FXX) "
           "expiration:oneof?(seconds:integer@EX milliseconds:integer@PX "
           "unix-time-seconds:unix-time@EXAT unix-time-milliseconds:unix-time@PXAT "
           "keepttl:pure-token@KEEPTTL) "
           "fields:block@FIELDS(numfields:integer data:block*(field:string value:string))"},
  };
  return kCommands;
}

}  // namespace larder::commands
