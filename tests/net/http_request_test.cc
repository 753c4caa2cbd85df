#include "larder/net/http_request.h"

#include <gtest/gtest.h>

#include <string>

namespace larder::net {
namespace {

constexpr std::string_view kScrape =
    "GET /metrics?x=1 HTTP/1.1\r\nHost: a:1\r\nAccept: application/openmetrics-text;version=1.0.0;"
    "q=0.5,text/plain;q=0.1\r\n\r\n";

HttpState state(std::string_view input) { return parse_http(input).state; }

HttpRequest request(const std::string& line, const std::string& headers = "Host: a\r\n") {
  const std::string input = line + "\r\n" + headers + "\r\n";
  const HttpParsed parsed = parse_http(input);
  EXPECT_EQ(parsed.state, HttpState::complete) << input;
  EXPECT_EQ(parsed.bytes, input.size());
  return parsed.request;
}

TEST(HttpRequest, ReadsMethodPathAndFormat) {
  const HttpParsed parsed = parse_http(kScrape);
  EXPECT_EQ(parsed.state, HttpState::complete);
  EXPECT_EQ(parsed.bytes, kScrape.size());
  EXPECT_EQ(parsed.request.method, HttpMethod::get);
  EXPECT_EQ(parsed.request.path, "/metrics");
  EXPECT_TRUE(parsed.request.keeps_alive);
  EXPECT_TRUE(parsed.request.accepts_open_metrics);
}

TEST(HttpRequest, IsIncompleteAtEveryPlaceBeforeItsEnd) {
  for (std::size_t i = 0; i < kScrape.size(); ++i) {
    EXPECT_EQ(state(kScrape.substr(0, i)), HttpState::incomplete) << i;
  }
}

TEST(HttpRequest, LeavesTheBytesThatFollow) {
  const std::string two = std::string(kScrape) + "GET /health HTTP/1.1\r\n";
  EXPECT_EQ(parse_http(two).bytes, kScrape.size());
  EXPECT_EQ(parse_http(std::string(kScrape) + "\x16\x03garbage").bytes, kScrape.size());
}

TEST(HttpRequest, KeepsAliveByVersionAndHeader) {
  EXPECT_TRUE(request("GET / HTTP/1.1").keeps_alive);
  EXPECT_FALSE(request("GET / HTTP/1.1", "Host: a\r\nConnection: foo, Close\r\n").keeps_alive);
  EXPECT_FALSE(request("GET / HTTP/1.0", "").keeps_alive);
  EXPECT_TRUE(request("GET / HTTP/1.0", "CONNECTION:keep-alive\r\n").keeps_alive);
}

TEST(HttpRequest, ChoosesThePlainFormatOnlyIfNoOtherIsAccepted) {
  EXPECT_TRUE(request("GET / HTTP/1.1").accepts_open_metrics);
  EXPECT_TRUE(request("GET / HTTP/1.1", "Host: a\r\nAccept: */*\r\n").accepts_open_metrics);
  EXPECT_FALSE(
      request("GET / HTTP/1.1", "Host: a\r\nAccept: text/plain, */*\r\n").accepts_open_metrics);
}

TEST(HttpRequest, RecognizesOtherMethodsAndClosesAfterThem) {
  EXPECT_EQ(request("HEAD / HTTP/1.1").method, HttpMethod::head);
  const HttpRequest post = request("POST /metrics HTTP/1.1", "Host: a\r\nContent-Length: 3\r\n");
  EXPECT_EQ(post.method, HttpMethod::other);
  EXPECT_FALSE(post.keeps_alive);
}

TEST(HttpRequest, RejectsInvalidRequests) {
  for (const std::string_view garbage :
       {"\x16\x03\x01\x02", "*1\r\n$4\r\nPING\r\n", "PING\r\n", "GET / HTTP/2.0\r\n", " GET",
        "GET  / HTTP/1.1\r\n", "GET http://a/ HTTP/1.1\r\n", "GET /\x01 HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost a\r\n", "GET / HTTP/1.1\r\nHost : a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
        "G\nET / HTTP/1.1\r\n", "\r\n"}) {
    EXPECT_EQ(state(garbage), HttpState::malformed) << garbage;
  }
}

TEST(HttpRequest, RejectsBodiesAndAMissingHost) {
  EXPECT_EQ(state("GET / HTTP/1.1\r\n\r\n"), HttpState::malformed);
  EXPECT_EQ(state("POST / HTTP/1.1\r\n\r\n"), HttpState::complete);
  EXPECT_EQ(state("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"), HttpState::malformed);
  EXPECT_EQ(state("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
            HttpState::malformed);
  EXPECT_EQ(state("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), HttpState::complete);
}

TEST(HttpRequest, RejectsRequestsThatAreTooLong) {
  const std::string longest = "GET /" + std::string(kMostHttpBytes, 'a');
  EXPECT_EQ(state(longest.substr(0, kMostHttpBytes)), HttpState::incomplete);
  EXPECT_EQ(state(longest), HttpState::too_large);
  EXPECT_EQ(state(longest + " HTTP/1.0\r\n\r\n"), HttpState::too_large);
}

}  // namespace
}  // namespace larder::net
