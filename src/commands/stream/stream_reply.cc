#include "stream_reply.h"

#include "../string/string_reply.h"

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

}  // namespace larder::commands
