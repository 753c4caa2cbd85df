#pragma once

// The part of HTTP/1.0 and 1.1 (RFC 9112) that monitoring needs: requests without a body.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::net {

enum class HttpMethod : std::uint8_t { get, head, other };

struct HttpRequest {
  HttpMethod method = HttpMethod::other;
  std::string_view path;  // without the query
  bool keeps_alive = false;
  // What the client accepts: only this of the two formats of metrics, or unspecified.
  bool accepts_open_metrics = true;
};

enum class HttpState : std::uint8_t { incomplete, complete, malformed, too_large };

struct HttpParsed {
  HttpState state = HttpState::incomplete;
  HttpRequest request;    // when complete; views of the input
  std::size_t bytes = 0;  // its length in the input
};

// The longest request line with headers.
inline constexpr std::size_t kMostHttpBytes = 8192;

// The first request in the input. Input that cannot be a request is reported as early as possible.
// A request with a body is malformed, and one of HTTP/1.1 without a host, unless the method is
// neither GET nor HEAD: then everything after the headers is ignored, and the connection cannot be
// kept alive.
HttpParsed parse_http(std::string_view input);

}  // namespace larder::net
