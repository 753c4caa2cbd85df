// The first 16 bytes are the node's id, the rest is its listpack. If valid() accepts it, reading in
// both directions, appending, deleting, trimming and copying must be safe.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "larder/base/assert.h"
#include "larder/types/stream.h"

namespace larder::types {
namespace {

std::uint64_t read_all(const Stream& stream, StreamReader::Order order) {
  StreamReader reader(stream, StreamId::least(), StreamId::most(), order);
  String::Scratch scratch;
  std::uint64_t entries = 0;
  while (reader.next()) {
    for (std::uint64_t i = 0; i < 2 * reader.fields(); ++i) reader.text().text(scratch);
    ++entries;
  }
  return entries;
}

void use(Stream& stream) {
  const std::uint64_t size = stream.size();
  LARDER_ASSERT(read_all(stream, StreamReader::Order::ascending) == size);
  LARDER_ASSERT(read_all(stream, StreamReader::Order::descending) == size);
  base::Budget budget = base::Budget::unlimited();
  stream.copy().destroy_some(memory::Owner::streams, budget);
  const auto id = stream.marks().last.next();
  constexpr std::string_view kPairs[] = {"field", "value"};
  if (id) stream.append(*id, kPairs, {});
  const StreamId first = stream.marks().first;
  if (stream.size() > 0) LARDER_ASSERT(stream.erase(first));
  stream.trim({.entries = stream.size() / 2});
  read_all(stream, StreamReader::Order::ascending);
  stream.trim({.keep = Trim::Keep::from_id, .from = StreamId::most()});
}

}  // namespace
}  // namespace larder::types

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace larder;
  types::StreamId id;
  if (size < sizeof id) return 0;
  std::memcpy(&id, bytes, sizeof id);
  types::Stream stream(nullptr);
  const std::string_view raw(reinterpret_cast<const char*>(bytes) + sizeof id, size - sizeof id);
  if (stream.append_node(id, raw)) types::use(stream);
  base::Budget budget = base::Budget::unlimited();
  stream.destroy_some(memory::Owner::streams, budget);
  LARDER_ASSERT(memory::balance(memory::Owner::streams) == 0);
  return 0;
}
