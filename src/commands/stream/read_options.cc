#include "read_options.h"

#include <algorithm>
#include <string>

#include "larder/engine/arg_reader.h"

namespace larder::commands {
namespace {

using namespace engine;

std::string_view foreign_option(std::string_view word) {
  return word == "GROUP" ? "ERR The GROUP option is only supported by XREADGROUP. You called XREAD "
                           "instead."
                         : "ERR The NOACK option is only supported by XREADGROUP. You called XREAD "
                           "instead.";
}

// Takes GROUP or NOACK.
bool read_group_option(ArgReader& reader, ReadKind kind, ReadOptions& options) {
  if (reader.left() >= 3 && reader.word("GROUP")) {
    if (kind == ReadKind::plain) reader.fail(foreign_option("GROUP"));
    options.group = reader.text();
    options.consumer = reader.text();
    return true;
  }
  if (!reader.word("NOACK")) return false;
  if (kind == ReadKind::plain) reader.fail(foreign_option("NOACK"));
  options.no_ack = true;
  return true;
}

void fail_unbalanced(Call& call, ReadKind kind) {
  std::string text = "ERR Unbalanced '";
  text += kind == ReadKind::group ? "xreadgroup" : "xread";
  text += "' list of streams: for each stream key an ID or '";
  text += kind == ReadKind::group ? '>' : '$';
  text += "' must be specified.";
  call.reply.error(text);
}

}  // namespace

std::size_t first_stream(std::span<const std::string_view> args) {
  const auto is = [&args](std::size_t at, std::string_view word) {
    return base::equals_ignoring_case(args[at], word);
  };
  for (std::size_t i = 1; i + 1 < args.size(); ++i) {
    if (is(i, "STREAMS")) return i + 1;
    if (is(i, "GROUP")) {
      i += 2;
    } else if (is(i, "BLOCK") || is(i, "COUNT")) {
      ++i;
    }
  }
  return 0;
}

std::optional<ReadOptions> read_options(Call& call, ReadKind kind) {
  ReadOptions options;
  ArgReader reader(call, 1);
  while (reader.more() && options.first == 0) {
    if (reader.option("BLOCK")) {
      options.block_ms = read_timeout(call, reader.text(), TimeoutUnit::milliseconds);
      if (!options.block_ms) return std::nullopt;
    } else if (reader.option("COUNT")) {
      options.count = static_cast<std::uint64_t>(std::max<std::int64_t>(reader.integer(), 0));
    } else if (reader.option("STREAMS")) {
      options.first = first_stream(call.args);
      options.streams = (call.size() - options.first) / 2;
    } else if (!read_group_option(reader, kind, options)) {
      reader.fail(errors::kSyntax);
    }
  }
  if (options.first == 0) reader.fail(errors::kSyntax);
  if (reader.failed()) return std::nullopt;
  if (reader.left() % 2 != 0) return fail_unbalanced(call, kind), std::nullopt;
  if (kind == ReadKind::group && options.group.data() == nullptr) {
    call.reply.error("ERR Missing GROUP option for XREADGROUP");
    return std::nullopt;
  }
  return options;
}

void StreamsReply::start(std::string_view key) {
  if (!mark_) mark_ = reply_.resp3() ? reply_.begin_map() : reply_.begin_array();
  if (!reply_.resp3()) reply_.array(2);
  reply_.bulk(key);
  ++streams_;
}

bool StreamsReply::end() {
  if (!mark_) return false;
  if (reply_.resp3()) {
    reply_.end_map(*mark_, streams_);
  } else {
    reply_.end_array(*mark_, streams_);
  }
  return true;
}

}  // namespace larder::commands
