#include "larder/engine/command.h"
#include "range_bounds.h"
#include "sorted_set_tools.h"

namespace larder::commands {
namespace {

using namespace engine;

template <typename Range>
void count(Call& call, const std::optional<Range>& range, std::string_view error) {
  if (!range) return call.reply.error(error);
  const auto set = call.db.find<types::SortedSet>(call.key);
  if (set.wrong_type()) return call.reply.error(errors::kWrongType);
  call.reply.integer(set ? static_cast<std::int64_t>(set->ranks(*range).size()) : 0);
}

void zcount(Call& call) {
  count(call, read_score_range(call.arg(2), call.arg(3)), kNotAScoreRange);
}

void zlexcount(Call& call) {
  count(call, read_text_range(call.arg(2), call.arg(3)), kNotATextRange);
}

}  // namespace

std::span<const engine::Command> sorted_set_zcount() {
  static constexpr Command kCommands[] = {
      {.name = "zcount",
       .family = Family::sorted_set,
       .arity = exactly(4),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zcount>(),
       .since = "2.0.0",
       .summary = "Counts the members in a range of scores.",
       .complexity = "O(log(N))",
       .arguments = "key:key#0 min:double max:double"},
      {.name = "zlexcount",
       .family = Family::sorted_set,
       .arity = exactly(4),
       .flags = kReads | kFast,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<zlexcount>(),
       .since = "2.8.9",
       .summary = "Counts the members in a range of texts, if all have the same score.",
       .complexity = "O(log(N))",
       .arguments = "key:key#0 min:string max:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
