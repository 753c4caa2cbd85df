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
  count(call, read_score_range(call.arg(2), call.arg(3)), errors::kNotAScoreRange);
}

void zlexcount(Call& call) {
  count(call, read_text_range(call.arg(2), call.arg(3)), errors::kNotATextRange);
}

}  // namespace

std::span<const engine::Command> sorted_set_zcount() {
  static constexpr Command kCommands[] = {
@ROWS zcount zlexcount
  };
  return kCommands;
}

}  // namespace larder::commands
