#pragma once

// Writes ids, entries and ranges of streams as replies.

#include "larder/resp/writer.h"
#include "larder/types/stream.h"

namespace larder::commands {

void reply_stream_id(resp::Writer& reply, types::StreamId id);
// The current entry of the reader: its id and its fields with their values.
void reply_stream_entry(resp::Writer& reply, types::StreamReader& reader);

// For commands that must have room for their reply before they have effects: at most so many bytes
// is the reply with an id, and with the current entry of the reader.
inline constexpr std::uint64_t kMostIdReplyBytes = 80;
std::uint64_t most_reply_bytes(types::StreamReader& reader);
// There is so much room that the size of a reply with entries of these many bytes of streams need
// not be computed.
bool has_ample_room(resp::Writer& reply, std::size_t footprint);
// An array of the entries from `from` to `to`, at most `most` of them where that is not 0.
void reply_stream_range(resp::Writer& reply, const types::Stream& stream, types::StreamId from,
                        types::StreamId to, std::uint64_t most,
                        types::StreamReader::Order order = types::StreamReader::Order::ascending);

}  // namespace larder::commands
