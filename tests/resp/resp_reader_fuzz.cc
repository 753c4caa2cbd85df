// The first byte selects the limits and the size of pieces; the rest is the stream. The reader must
// return the same requests and the same error for the whole stream and for its pieces, and scan
// each byte once.

#include <cstdint>
#include <string_view>

#include "larder/base/assert.h"
#include "larder/memory/ledger.h"
#include "tests/resp/parsing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace larder;
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(bytes + 1), size - 1);
  const resp::Limits limits{.max_bulk_bytes = (bytes[0] & 64) != 0 ? 100u : 1u << 29,
                            .authenticated = (bytes[0] & 128) == 0};
  const resp::Outcome whole = resp::parse_whole(stream, limits);
  const resp::Outcome pieces = resp::parse_in_pieces(stream, 1 + (bytes[0] & 63), limits);
  LARDER_ASSERT(whole == pieces);
  LARDER_ASSERT(whole.examined <= stream.size());
  LARDER_ASSERT(pieces.examined <= stream.size());
  LARDER_ASSERT(memory::balance(memory::Owner::client_input) == 0);
  return 0;
}
