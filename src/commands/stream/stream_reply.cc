#include "stream_reply.h"

#include "../string/string_reply.h"
#include "larder/memory/heap.h"

namespace larder::commands {

void reply_stream_id(resp::Writer& reply, types::StreamId id) {
  types::StreamIdScratch scratch;
  reply.bulk(types::print(id, scratch));
}

void reply_stream_entry(resp::Writer& reply, types::StreamReader& reader) {
  const std::uint64_t texts = 2 * reader.fields();
  reply.array(2);
  reply_stream_id(reply, reader.id());
  reply.array(texts);
  for (std::uint64_t i = 0; i < texts; ++i) reply_string(reply, reader.text());
}

void reply_stream_range(resp::Writer& reply, const types::Stream& stream, types::StreamId from,
                        types::StreamId to, std::uint64_t most, types::StreamReader::Order order) {
  types::StreamReader reader(stream, from, to, order);
  const auto mark = reply.begin_array();
  std::uint64_t entries = 0;
  while ((most == 0 || entries < most) && !reply.drops() && reader.next()) {
    reply_stream_entry(reply, reader);
    ++entries;
  }
  reply.end_array(mark, entries);
}

std::uint64_t most_reply_bytes(types::StreamReader& reader) {
  constexpr std::uint64_t kAroundText = 24;
  types::String::Scratch scratch;
  std::uint64_t bytes = kMostIdReplyBytes;
  for (std::uint64_t i = 0; i < 2 * reader.fields(); ++i) {
    const std::uint64_t text = reader.text().text(scratch).size() + kAroundText;
    // A long one has a block of its own.
    bytes += text < resp::ChunkPool::kChunkBytes ? text : memory::size_class(text);
  }
  return bytes;
}

// The names of fields are stored once for many entries.
bool has_ample_room(resp::Writer& reply, std::size_t footprint) {
  constexpr std::uint64_t kAmple = 16 << 20;
  constexpr std::uint64_t kTimes = 8;
  return reply.buffer().pool().has_room(kAmple + kTimes * footprint);
}

}  // namespace larder::commands
