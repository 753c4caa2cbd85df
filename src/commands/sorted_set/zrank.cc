#include "larder/base/text.h"
#include "larder/engine/command.h"
#include "larder/engine/command_table.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class From : std::uint8_t { least, greatest };

void rank(Call& call, From from) {
  if (call.size() > 4) {
    return call.reply.error("ERR wrong number of arguments for '" + call.command.full_name() +
                            "' command");
  }
  const bool with_score = call.size() == 4;
  if (with_score && !base::equals_ignoring_case(call.arg(3), "WITHSCORE")) {
    return call.reply.error(errors::kSyntax);
  }
  const auto set = call.db.find<types::SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  const auto found = set ? set->rank(call.arg(2)) : std::nullopt;
  if (!found) return with_score ? call.reply.null_array() : call.reply.null();
  const std::size_t rank = from == From::least ? found->rank : set->size() - 1 - found->rank;
  if (with_score) call.reply.array(2);
  call.reply.integer(static_cast<std::int64_t>(rank));
  if (with_score) call.reply.real(found->score);
}

void zrank(Call& call) { rank(call, From::least); }

void zrevrank(Call& call) { rank(call, From::greatest); }

}  // namespace

std::span<const engine::Command> sorted_set_zrank() {
  static constexpr Command kCommands[] = {
      {.name = "zrank",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zrank>(),
       .since = "2.0.0",
       .summary = "Returns the rank of a member, in ascending order of scores.",
       .complexity = "O(log(N))",
       .arguments = "key:key#0 member:string withscore:pure-token@WITHSCORE?"},
      {.name = "zrevrank",
       .family = Family::sorted_set,
       .arity = at_least(3),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zrevrank>(),
       .since = "2.0.0",
       .summary = "Returns the rank of a member, in descending order of scores.",
       .complexity = "O(log(N))",
       .arguments = "key:key#0 member:string withscore:pure-token@WITHSCORE?"},
  };
  return kCommands;
}

}  // namespace larder::commands
