#include "function_changes.h"
#include "larder/base/text.h"
#include "larder/engine/command.h"
#include "larder/persistence/functions_payload.h"
#include "larder/persistence/payload_checks.h"
#include "larder/persistence/settings.h"

namespace larder::commands {
namespace {

using namespace engine;
using scripting::Functions;

void function_dump(Call& call, Functions& functions, persistence::SnapshotSettings& snapshot) {
  const auto compression = snapshot.rdbcompression.value() ? persistence::Compression::on
                                                           : persistence::Compression::off;
  const persistence::Bytes payload = persistence::functions_payload(functions, compression);
  call.reply.bulk({payload.data(), payload.size()});
}

// Nothing if the word is none of them.
std::optional<Functions::Restoring> restoring_of(std::string_view word) {
  if (base::equals_ignoring_case(word, "append")) return Functions::Restoring::appends;
  if (base::equals_ignoring_case(word, "replace")) return Functions::Restoring::replaces;
  if (base::equals_ignoring_case(word, "flush")) return Functions::Restoring::flushes;
  return std::nullopt;
}

void function_restore(Call& call, Functions& functions, keyspace::Keyspace& keyspace,
                      persistence::PayloadChecks& checks) {
  if (call.size() > 4) return reply_wrong_count(call);
  const auto restoring =
      call.size() == 3 ? Functions::Restoring::appends : restoring_of(call.arg(3));
  if (!restoring) {
    return call.reply.error(
        "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  }
  if (!persistence::open_payload(call.arg(2), checks.checksum())) {
    return call.reply.error("ERR DUMP payload version or checksum are wrong");
  }
  const auto bounds = function_bounds(keyspace);
  const std::uint64_t most_bytes =
      bounds == Functions::Bounds::apply ? Functions::kMostBytes : ~std::uint64_t{0};
  const auto libraries = persistence::read_functions(call.arg(2), most_bytes);
  if (!libraries) return call.reply.error("ERR", libraries.error().text);
  const std::vector<std::string_view> codes(libraries.value().begin(), libraries.value().end());
  const auto restored = functions.restore(codes, *restoring, bounds);
  if (!restored) return call.reply.error("ERR", restored.error().text);
  note_function_change(call, keyspace);
  call.reply.ok();
}

}  // namespace

std::span<const engine::Command> scripting_function_dump() {
  static constexpr Command kCommands[] = {
      {.name = "function dump",
       .family = Family::scripting,
       .arity = exactly(2),
       .flags = kNoScript,
       .only_shows = true,
       .handler = Handler::of<function_dump>(),
       .since = "7.0.0",
       .summary = "Returns a payload with all libraries, for FUNCTION RESTORE.",
       .complexity = "O(N) for N bytes of all libraries"},
      {.name = "function restore",
       .family = Family::scripting,
       .arity = at_least(3),
       .flags = kNoScript | kWrites | kGrows,
       .handler = Handler::of<function_restore>(),
       .since = "7.0.0",
       .summary = "Adds the libraries of a payload of FUNCTION DUMP.",
       .complexity = "O(N) for N bytes of the payload",
       .arguments = "serialized-value:string policy:oneof?(flush:pure-token@FLUSH "
                    "append:pure-token@APPEND replace:pure-token@REPLACE)",
       .tips = "request_policy:all_shards response_policy:all_succeeded"},
  };
  return kCommands;
}

}  // namespace larder::commands
