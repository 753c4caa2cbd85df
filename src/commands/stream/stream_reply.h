#pragma once

// Writes ids, entries and ranges of streams as replies.

#include "larder/resp/writer.h"
#include "larder/types/stream.h"

namespace larder::commands {

void reply_stream_id(resp::Writer& reply, types::StreamId id);
// The current entry of the reader: its id and its fields with their values.
void reply_stream_entry(resp::Writer& reply, types::StreamReader& reader);
// An array of the entries from `from` to `to`, at most `most` of them where that is not 0.
void reply_stream_range(resp::Writer& reply, const types::Stream& stream, types::StreamId from,
                        types::StreamId to, std::uint64_t most,
                        types::StreamReader::Order order = types::StreamReader::Order::ascending);

}  // namespace larder::commands
