#include "sources.h"

#include <algorithm>

#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command_table.h"

namespace larder::commands {
namespace {

using namespace engine;

// False if the key holds neither; the error has been sent. A missing key is empty.
bool read_source(Call& call, std::string_view name, Source& source) {
  const keyspace::Entry* entry = call.db.look(keyspace::Key::of(name), keyspace::Look::read);
  if (entry == nullptr) return true;
  if (entry->type() == types::Type::sorted_set) {
    source = Source(entry->value<types::SortedSet>());
  } else if (entry->type() == types::Type::set) {
    source = Source(entry->value<types::Set>());
  } else {
    call.reply.error(errors::kWrongType);
    return false;
  }
  return true;
}

void read_weights(ArgReader& reader, Sources::List& list) {
  for (Source& source : list) {
    const auto weight = base::parse_double(reader.text());
    if (!weight) return reader.fail("ERR weight value is not a float");
    source.weight = *weight;
  }
}

void read_aggregate(ArgReader& reader, SourceOptions& options) {
  if (reader.word("SUM")) {
    options.aggregate = Aggregate::sum;
  } else if (reader.word("MIN")) {
    options.aggregate = Aggregate::least;
  } else if (reader.word("MAX")) {
    options.aggregate = Aggregate::greatest;
  } else {
    reader.fail(errors::kSyntax);
  }
}

void read_limit(ArgReader& reader, SourceOptions& options) {
  constexpr std::string_view kNegative = "ERR LIMIT can't be negative";
  const std::int64_t limit = reader.integer(kNegative);
  if (limit < 0) return reader.fail(kNegative);
  options.limit = static_cast<std::size_t>(limit);
}

bool read_options(Call& call, std::size_t first, unsigned takes, Sources& sources) {
  ArgReader reader(call, first);
  while (reader.more()) {
    if ((takes & kTakesWeights) != 0 && reader.left() > sources.list.size() &&
        reader.word("WEIGHTS")) {
      read_weights(reader, sources.list);
    } else if ((takes & kTakesWeights) != 0 && reader.option("AGGREGATE")) {
      read_aggregate(reader, sources.options);
    } else if ((takes & kTakesScores) != 0 && reader.word("WITHSCORES")) {
      sources.options.with_scores = true;
    } else if ((takes & kTakesLimit) != 0 && reader.option("LIMIT")) {
      read_limit(reader, sources.options);
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

}  // namespace

std::optional<Sources> Sources::read(Call& call, std::size_t first, unsigned takes) {
  ArgReader head(call, first);
  const std::int64_t keys = head.integer();
  if (head.failed()) return std::nullopt;
  if (keys < 1) {
    call.reply.error("ERR at least 1 input key is needed for '" + call.command.full_name() +
                     "' command");
    return std::nullopt;
  }
  if (keys > static_cast<std::int64_t>(call.size() - first) - 1) {
    call.reply.error(errors::kSyntax);
    return std::nullopt;
  }
  Sources sources;
  sources.list.resize(static_cast<std::size_t>(keys));
  std::size_t at = first + 1;
  for (Source& source : sources.list) {
    if (!read_source(call, call.arg(at++), source)) return std::nullopt;
  }
  if (!read_options(call, at, takes, sources)) return std::nullopt;
  return sources;
}

void Sources::sort() {
  std::stable_sort(list.begin(), list.end(),
                   [](const Source& a, const Source& b) { return a.size() < b.size(); });
}

}  // namespace larder::commands
