// Any bytes. A request that is found in them is not found in a prefix, has the same length with
// more bytes after it, and lies within its length; rejected bytes stay rejected with more bytes.

#include <cstdint>
#include <string>
#include <string_view>

#include "larder/base/assert.h"
#include "larder/net/http_request.h"

using larder::net::HttpMethod;
using larder::net::HttpParsed;
using larder::net::HttpState;
using larder::net::parse_http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  HttpState last = HttpState::incomplete;
  for (std::size_t i = 0; i <= size; ++i) {
    const HttpParsed parsed = parse_http(input.substr(0, i));
    if (last == HttpState::malformed) LARDER_ASSERT(parsed.state != HttpState::complete);
    if (last == HttpState::complete) LARDER_ASSERT(parsed.state == HttpState::complete);
    if (parsed.state == HttpState::complete && last != HttpState::complete) {
      LARDER_ASSERT(parsed.bytes == i && i <= larder::net::kMostHttpBytes);
      LARDER_ASSERT(parsed.request.path.starts_with('/'));
      LARDER_ASSERT(parsed.request.path.data() >= input.data());
      LARDER_ASSERT(parsed.request.path.data() + parsed.request.path.size() <= input.data() + i);
      LARDER_ASSERT(parsed.request.method != HttpMethod::other || !parsed.request.keeps_alive);
    }
    last = parsed.state;
  }
  return 0;
}
