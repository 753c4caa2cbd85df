#pragma once

// As much of HTTP/1.0 and 1.1 (RFC 9112) as monitoring speaks: requests without a body.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder::net {

enum class HttpMethod : std::uint8_t { get, head, other };

struct HttpRequest {
  HttpMethod method = HttpMethod::other;
  std::string_view path;  // without the query
  bool keeps_alive = false;
  // What the client would read: only this of the two forms of metrics it can, or does not say.
  bool accepts_open_metrics = true;
};

enum class HttpState : std::uint8_t { incomplete, complete, malformed, too_large };

struct HttpParsed {
  HttpState state = HttpState::incomplete;
  HttpRequest request;    // when complete; views of the input
  std::size_t bytes = 0;  // that it took of the input
};

// Longest request line with headers.
inline constexpr std::size_t kMostHttpBytes = 8192;

// The first request in the input. What can be no request is told as soon as it shows. A request
// with a body is malformed, and one of HTTP/1.1 without a host, unless the method is neither GET
// nor HEAD: then nothing behind the head is looked at, and the connection cannot be kept alive.
HttpParsed parse_http(std::string_view input);

}  // namespace larder::net
