#include <climits>
#include <optional>

#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "larder/types/list.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kRankIsZero =
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
    "negative to start from the end of the list";
constexpr std::string_view kRankOutOfRange =
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";

struct Options {
  std::int64_t rank = 1;
  std::optional<std::int64_t> count;  // 0: all matches
  std::int64_t most_compared = 0;     // 0: all elements
};

std::int64_t read_rank(ArgReader& reader) {
  const std::int64_t rank = reader.integer();
  if (rank == 0) reader.fail(kRankIsZero);
  if (rank == LLONG_MIN) reader.fail(kRankOutOfRange);
  return rank;
}

std::int64_t read_natural(ArgReader& reader, std::string_view error) {
  const std::int64_t value = reader.integer(error);
  if (value < 0) reader.fail(error);
  return value;
}

bool read(Call& call, Options& options) {
  ArgReader reader(call, 3);
  while (reader.more()) {
    if (reader.option("RANK")) {
      options.rank = read_rank(reader);
    } else if (reader.option("COUNT")) {
      options.count = read_natural(reader, "ERR COUNT can't be negative");
    } else if (reader.option("MAXLEN")) {
      options.most_compared = read_natural(reader, "ERR MAXLEN can't be negative");
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

// Calls fn(index) for the matches in their order until it returns false.
template <typename Fn>
void for_each_match(const types::List& list, std::string_view text, const Options& options,
                    Fn&& fn) {
  const types::ListNeedle needle(text);
  const bool backwards = options.rank < 0;
  const auto elements = static_cast<std::int64_t>(list.size());
  const std::int64_t most =
      options.most_compared == 0 ? elements : std::min(options.most_compared, elements);
  std::int64_t passing = (backwards ? -options.rank : options.rank) - 1;
  auto cursor = list.at(backwards ? -1 : 0);
  for (std::int64_t i = 0; i < most; ++i, backwards ? cursor.previous() : cursor.next()) {
    if (!needle.matches(cursor.get()) || passing-- > 0) continue;
    passing = 0;
    if (!fn(backwards ? elements - 1 - i : i)) return;
  }
}

void reply_matches(Call& call, const types::List& list, const Options& options) {
  const auto mark = call.reply.begin_array();
  std::int64_t found = 0;
  for_each_match(list, call.arg(2), options, [&](std::int64_t index) {
    call.reply.integer(index);
    return ++found != *options.count && !call.reply.drops();
  });
  call.reply.end_array(mark, static_cast<std::uint64_t>(found));
}

void lpos(Call& call) {
  Options options;
  if (!read(call, options)) return;
  const auto list = call.db.find<types::List>(call.key);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (options.count) {
    return list ? reply_matches(call, *list, options) : call.reply.array(0);
  }
  std::optional<std::int64_t> first;
  if (list) {
    for_each_match(*list, call.arg(2), options, [&first](std::int64_t index) {
      first = index;
      return false;
    });
  }
  first ? call.reply.integer(*first) : call.reply.null();
}

}  // namespace

std::span<const engine::Command> list_lpos() {
  static constexpr Command kCommands[] = {
      {.name = "lpos",
       .family = Family::list,
       .arity = at_least(3),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<lpos>(),
       .since = "6.0.6",
       .summary = "Returns the positions of elements with this value in a list.",
       .complexity = "O(N) for N elements compared",
       .arguments = "key:key#0 element:string rank:integer@RANK? num-matches:integer@COUNT? "
                    "len:integer@MAXLEN?"},
  };
  return kCommands;
}

}  // namespace larder::commands
