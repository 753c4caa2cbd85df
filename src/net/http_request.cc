#include "larder/net/http_request.h"

#include <algorithm>

#include "larder/base/text.h"

namespace larder::net {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
constexpr std::string_view kAcceptedType = "text/plain";

bool is_token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return is_letter || (c >= '0' && c <= '9') || kOthers.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; });
}

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the text before the separator, which must occur.
bool take_until(std::string_view& text, std::string_view separator, std::string_view& taken) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return false;
  taken = text.substr(0, at);
  text.remove_prefix(at + separator.size());
  return true;
}

bool lists(std::string_view value, std::string_view word) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(','), value.size());
    if (base::equals_ignoring_case(trimmed(value.substr(0, end)), word)) return true;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return false;
}

// The headers that are not part of the parsed request.
struct Head {
  HttpRequest request;
  bool is_1_1 = false;
  bool has_host = false;
  bool has_body = false;
  bool closes = false;
  bool keeps_alive = false;
};

bool read_request_line(std::string_view line, Head& head) {
  std::string_view method;
  std::string_view target;
  if (!take_until(line, " ", method) || !take_until(line, " ", target)) return false;
  if (!is_token(method) || !target.starts_with('/') || !is_text(target)) return false;
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return false;
  head.is_1_1 = line == "HTTP/1.1";
  head.request.method = method == "GET"    ? HttpMethod::get
                        : method == "HEAD" ? HttpMethod::head
                                           : HttpMethod::other;
  head.request.path = target.substr(0, target.find('?'));
  return true;
}

bool read_header(std::string_view line, Head& head) {
  std::string_view name;
  if (!take_until(line, ":", name) || !is_token(name)) return false;
  const std::string_view value = trimmed(line);
  const bool has_tab = value.find('\t') != std::string_view::npos;
  if (!has_tab && !is_text(value)) return false;
  const auto is = [name](std::string_view word) { return base::equals_ignoring_case(name, word); };
  if (is("host")) {
    if (head.has_host) return false;
    head.has_host = true;
  } else if (is("content-length")) {
    if (value != "0") head.has_body = true;
  } else if (is("transfer-encoding")) {
    head.has_body = true;
  } else if (is("connection")) {
    head.closes |= lists(value, "close");
    head.keeps_alive |= lists(value, "keep-alive");
  } else if (is("accept")) {
    head.request.accepts_open_metrics = value.find(kOpenMetrics) != std::string_view::npos ||
                                        value.find(kAcceptedType) == std::string_view::npos;
  }
  return true;
}

// Whether the lines, of which only the last may be incomplete, can be the headers of a request.
bool read_head(std::string_view text, Head& head) {
  std::string_view line;
  if (!take_until(text, kLineEnd, line)) return is_text(text) && text.front() != ' ';
  if (!read_request_line(line, head)) return false;
  while (take_until(text, kLineEnd, line)) {
    if (!line.empty() && !read_header(line, head)) return false;
  }
  return true;
}

}  // namespace

HttpParsed parse_http(std::string_view input) {
  HttpParsed parsed;
  if (input.empty()) return parsed;
  const std::size_t end = input.find("\r\n\r\n");
  const bool is_whole = end != std::string_view::npos;
  const std::size_t bytes = is_whole ? end + 4 : input.size();
  if (bytes > kMostHttpBytes) return parsed.state = HttpState::too_large, parsed;
  Head head;
  // The input may end within a line end.
  std::string_view text = input.substr(0, bytes);
  if (!is_whole && text.ends_with('\r')) text.remove_suffix(1);
  if (!text.empty() && !read_head(text, head)) return parsed.state = HttpState::malformed, parsed;
  if (!is_whole) return parsed;
  const bool is_other = head.request.method == HttpMethod::other;
  if (!is_other && (head.has_body || (head.is_1_1 && !head.has_host))) {
    return parsed.state = HttpState::malformed, parsed;
  }
  parsed.state = HttpState::complete;
  parsed.bytes = bytes;
  parsed.request = head.request;
  parsed.request.keeps_alive = !is_other && !head.closes && (head.is_1_1 || head.keeps_alive);
  return parsed;
}

}  // namespace larder::net
