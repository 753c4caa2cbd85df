#pragma once

// Writes ids, entries and ranges of streams as replies.

#include "larder/resp/writer.h"
#include "larder/types/stream.h"

namespace larder::commands {

void reply_stream_id(resp::Writer& reply, types::StreamId id);
// The current entry of the reader: its id and its fields with their values.
void reply_stream_entry(resp::Writer& reply, types::StreamReader& reader);

// For commands that must have room for their reply before they have effects: upper bounds of the
// bytes of a reply with an id, and of one with the current entry of the reader.
inline constexpr std::uint64_t kMostIdReplyBytes = 80;
std::uint64_t most_reply_bytes(types::StreamReader& reader);
// True if the size of a reply with entries of this many bytes of streams need not be computed,
// because there is room for any.
bool has_ample_room(resp::Writer& reply, std::size_t footprint);
// An array of the entries from `from` to `to`, at most `most` of them where that is not 0.
void reply_stream_range(resp::Writer& reply, const types::Stream& stream, types::StreamId from,
                        types::StreamId to, std::uint64_t most,
                        types::StreamReader::Order order = types::StreamReader::Order::ascending);

}  // namespace larder::commands
