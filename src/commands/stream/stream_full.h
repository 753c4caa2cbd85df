#pragma once

#include "larder/resp/writer.h"
#include "larder/types/stream.h"

namespace larder::commands {

// Shared parts of the replies of XINFO: the fields of the stream itself (seven pairs), and the two
// values of a group's progress, null if they are not known.
void reply_stream_marks(resp::Writer& reply, const types::Stream& stream);
void reply_group_progress(resp::Writer& reply, const types::Stream& stream,
                          const types::Group& group);
void reply_pair(resp::Writer& reply, std::string_view name, std::uint64_t value);

// XINFO STREAM FULL: entries, groups, their consumers and pending entries, at most `most` of each
// where that is not 0.
void reply_stream_full(resp::Writer& reply, const types::Stream& stream, std::uint64_t most);

}  // namespace larder::commands
