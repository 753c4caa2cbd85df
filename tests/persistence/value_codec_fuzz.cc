// Any bytes as a value of an RDB: a rejected value leaves no memory behind, an accepted value can
// be written and read again with the same contents. The corpus holds values of every encoding.

#include <cstdint>
#include <string_view>

#include "codec_fixture.h"

namespace {

using namespace larder;
using namespace larder::persistence;

void check(std::string_view bytes, const types::Settings& settings) {
  DecodedValue value;
  if (!value.read(bytes, settings, kNow)) return;
  const Holder held(value);
  const std::string again = held.encode();
  DecodedValue copy;
  LARDER_ASSERT(copy.read(again, settings, kNow));
  LARDER_ASSERT(contents(Holder(copy).entry()) == contents(held.entry()));
}

struct World {
  explicit World(bool low) {
    if (!low) return;
    const auto set = registry.set({{"hash-max-listpack-entries", "2"},
                                   {"zset-max-listpack-entries", "2"},
                                   {"set-max-listpack-entries", "2"},
                                   {"set-max-intset-entries", "2"},
                                   {"list-max-listpack-size", "2"},
                                   {"list-compress-depth", "1"}},
                                  {});
    LARDER_ASSERT(set);
  }
  config::Registry registry{"Redis 7.2.6"};
  types::Settings settings{registry};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World high(false);
  static const World low(true);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, high.settings);
  check(bytes, low.settings);
  return 0;
}
