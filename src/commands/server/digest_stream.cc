#include "digest_stream.h"

#include "larder/types/stream.h"

namespace larder::commands {

// Each entry's id as "ms.seq", its fields and values.
void mix_stream(Digest& digest, const keyspace::Entry& entry) {
  const auto stream = entry.value<types::Stream>();
  types::StreamReader reader(*stream, types::StreamId::least(), types::StreamId::most());
  types::String::Scratch scratch;
  while (reader.next()) {
    types::StreamIdScratch id;
    std::string text(types::print(reader.id(), id));
    text[text.find('-')] = '.';
    digest.mix(text);
    for (std::uint64_t left = 2 * reader.fields(); left > 0; --left) {
      digest.mix(reader.text().text(scratch));
    }
  }
}

}  // namespace larder::commands
