#include "trim_options.h"

#include <algorithm>

#include "stream_ids.h"

namespace larder::commands {
namespace {

// How many entries an approximate trim examines if LIMIT is not given.
constexpr std::int64_t kNodes = 100;
constexpr std::int64_t kWithoutNodeLimit = 10'000;
constexpr std::int64_t kMostByDefault = 1'000'000;

std::int64_t default_limit(const types::Settings& settings) {
  const std::int64_t entries = settings.stream_node_max_entries.value();
  if (entries == 0) return kWithoutNodeLimit;
  return entries > kMostByDefault / kNodes ? kMostByDefault : entries * kNodes;
}

}  // namespace

bool TrimOptions::read_strategy(engine::ArgReader& reader) {
  if (reader.option("MAXLEN")) {
    trim_.keep = types::Trim::Keep::newest;
  } else if (reader.option("MINID")) {
    trim_.keep = types::Trim::Keep::from_id;
  } else {
    return false;
  }
  if (given_) {
    reader.fail("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
  }
  given_ = true;
  return true;
}

bool TrimOptions::read(engine::ArgReader& reader) {
  if (reader.option("LIMIT")) {
    limit_ = reader.integer();
    if (*limit_ < 0) reader.fail("ERR The LIMIT argument must be >= 0.");
    return true;
  }
  if (!read_strategy(reader)) return false;
  trim_.whole_nodes = reader.option("~");
  if (!trim_.whole_nodes) reader.option("=");
  if (trim_.keep == types::Trim::Keep::newest) {
    const std::int64_t entries = reader.integer();
    if (entries < 0) reader.fail("ERR The MAXLEN argument must be >= 0.");
    trim_.entries = static_cast<std::uint64_t>(entries);
  } else {
    const auto id = parse_stream_id(reader.text());
    if (!id) reader.fail(kInvalidStreamId);
    trim_.from = id.value_or(types::StreamId());
  }
  return true;
}

void TrimOptions::check(engine::ArgReader& reader, bool required, const types::Settings& settings,
                        From from) {
  if (limit_.value_or(0) != 0 && !given_) {
    reader.fail("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  }
  if (required && !given_) {
    reader.fail("ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  if (limit_ && !approximate() && from == From::client) {
    reader.fail("ERR syntax error, LIMIT cannot be used without the special ~ option");
  }
  if (approximate()) {
    trim_.most = static_cast<std::uint64_t>(limit_ ? *limit_ : default_limit(settings));
  }
}

std::string_view TrimOptions::strategy() const {
  return trim_.keep == types::Trim::Keep::newest ? "MAXLEN" : "MINID";
}

std::string_view TrimOptions::threshold(const types::Stream& stream, Scratch& scratch) const {
  if (trim_.keep == types::Trim::Keep::newest) {
    return base::print_uint64(approximate() ? stream.size() : trim_.entries, scratch);
  }
  const bool is_threshold = !approximate() || stream.size() == 0;
  return types::print(is_threshold ? trim_.from : stream.marks().first, scratch);
}

types::NodeLimits node_limits(const types::Settings& settings) {
  return {static_cast<std::size_t>(settings.stream_node_max_bytes.value()),
          static_cast<std::uint64_t>(settings.stream_node_max_entries.value())};
}

}  // namespace larder::commands
