#pragma once

// Ids of streams in arguments.

#include <optional>
#include <string_view>

#include "larder/engine/call.h"
#include "larder/types/stream_id.h"

namespace larder::commands {

// "ms" or "ms-seq"; without seq it is `missing`. Nothing when it is anything else.
std::optional<types::StreamId> parse_stream_id(std::string_view text, std::uint64_t missing = 0);
// The ms of "ms-*".
std::optional<std::uint64_t> parse_stream_ms(std::string_view text);

// As parse_stream_id(), having answered the error where there is nothing.
std::optional<types::StreamId> read_stream_id(engine::Call& call, std::string_view text);

// The ends of an interval: ids, "-", "+", or an id behind "(" which then does not belong to it.
// Nothing after having answered the error.
std::optional<types::StreamId> read_range_start(engine::Call& call, std::string_view text);
std::optional<types::StreamId> read_range_end(engine::Call& call, std::string_view text);

inline constexpr std::string_view kInvalidStreamId =
    "ERR Invalid stream ID specified as stream command argument";

}  // namespace larder::commands
