#pragma once

// Ids of streams in arguments.

#include <optional>
#include <string_view>

#include "larder/engine/call.h"
#include "larder/types/stream_id.h"

namespace larder::commands {

// "ms" or "ms-seq"; without seq it is `missing`. Nothing for any other text.
std::optional<types::StreamId> parse_stream_id(std::string_view text, std::uint64_t missing = 0);
// The ms of "ms-*".
std::optional<std::uint64_t> parse_stream_ms(std::string_view text);

// Like parse_stream_id(), but sends the error if it returns nothing.
std::optional<types::StreamId> read_stream_id(engine::Call& call, std::string_view text);

// The ends of an interval: ids, "-", "+", or an id after "(", which excludes it.
// Nothing if an error has been sent.
std::optional<types::StreamId> read_range_start(engine::Call& call, std::string_view text);
std::optional<types::StreamId> read_range_end(engine::Call& call, std::string_view text);

inline constexpr std::string_view kInvalidStreamId =
    "ERR Invalid stream ID specified as stream command argument";

}  // namespace larder::commands
