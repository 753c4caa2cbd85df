#include "stream_ids.h"

#include <algorithm>

#include "larder/base/numbers.h"

namespace larder::commands {
namespace {

using types::StreamId;

constexpr std::size_t kMostChars = 126;

// Digits, also with spaces, a plus sign and zeros in front, as strtoull() takes them.
std::optional<std::uint64_t> parse_part(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\n\v\f\r"), text.size()));
  if (text.size() > 1 && text[0] == '+') text.remove_prefix(1);
  while (text.size() > 1 && text[0] == '0') text.remove_prefix(1);
  return base::parse_uint64(text);
}

// An interval's end as written, and whether it belongs to the interval.
struct End {
  StreamId id;
  bool excluded = false;
};

std::optional<End> read_end(engine::Call& call, std::string_view text, std::uint64_t missing) {
  if (text == "-") return End{StreamId::least()};
  if (text == "+") return End{StreamId::most()};
  End end;
  end.excluded = text.size() > 1 && text[0] == '(';
  const auto id = parse_stream_id(end.excluded ? text.substr(1) : text, missing);
  if (!id) {
    call.reply.error(kInvalidStreamId);
    return std::nullopt;
  }
  end.id = *id;
  return end;
}

}  // namespace

std::optional<StreamId> parse_stream_id(std::string_view text, std::uint64_t missing) {
  if (text.size() > kMostChars) return std::nullopt;
  const std::size_t dash = text.find('-');
  const auto ms = parse_part(text.substr(0, dash));
  if (!ms) return std::nullopt;
  if (dash == std::string_view::npos) return StreamId{*ms, missing};
  const auto seq = parse_part(text.substr(dash + 1));
  return seq ? std::optional(StreamId{*ms, *seq}) : std::nullopt;
}

std::optional<std::uint64_t> parse_stream_ms(std::string_view text) {
  if (text.size() > kMostChars || !text.ends_with("-*")) return std::nullopt;
  return parse_part(text.substr(0, text.size() - 2));
}

std::optional<StreamId> read_stream_id(engine::Call& call, std::string_view text) {
  const auto id = parse_stream_id(text);
  if (!id) call.reply.error(kInvalidStreamId);
  return id;
}

std::optional<StreamId> read_range_start(engine::Call& call, std::string_view text) {
  const auto end = read_end(call, text, 0);
  if (!end) return std::nullopt;
  const auto start = end->excluded ? end->id.next() : std::optional(end->id);
  if (!start) call.reply.error("ERR invalid start ID for the interval");
  return start;
}

std::optional<StreamId> read_range_end(engine::Call& call, std::string_view text) {
  const auto end = read_end(call, text, StreamId::kMost);
  if (!end) return std::nullopt;
  const auto last = end->excluded ? end->id.previous() : std::optional(end->id);
  if (!last) call.reply.error("ERR invalid end ID for the interval");
  return last;
}

}  // namespace larder::commands
