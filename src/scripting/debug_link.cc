#include "debug_link.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace larder::scripting {
namespace {

constexpr int kSendMs = 5000;
constexpr int kForever = -1;

bool has_end_of_line(char c) { return c == '\r' || c == '\n'; }

// What Redis's debugger accepts.
bool is_acceptable(const resp::Request& request) {
  return request.args.size() <= DebugLink::kMostWords &&
         std::all_of(request.args.begin(), request.args.end(), [](std::string_view word) {
           return !word.empty() && word.size() <= DebugLink::kMostWordBytes;
         });
}

bool is_any_ready(std::span<pollfd> waited, int timeout_ms) {
  int ready;
  do {
    ready = ::poll(waited.data(), waited.size(), timeout_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

// Waits until the client has sent something; false if the session is to end before.
bool DebugLink::is_readable() const {
  pollfd waited[] = {{.fd = descriptors_.socket, .events = POLLIN, .revents = 0},
                     {.fd = descriptors_.stop, .events = POLLIN, .revents = 0}};
  return is_any_ready(waited, kForever) && waited[1].revents == 0;
}

bool DebugLink::is_writable_in_time() const {
  pollfd waited[] = {{.fd = descriptors_.socket, .events = POLLOUT, .revents = 0}};
  return is_any_ready(waited, kSendMs);
}

void DebugLink::send_bytes(std::string_view bytes) {
  while (!bytes.empty() && !is_lost_) {
    const ssize_t sent =
        ::send(descriptors_.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else {
      is_lost_ = errno != EAGAIN || !is_writable_in_time();
    }
  }
}

void DebugLink::send(std::span<const std::string> lines) {
  std::string text = "*" + std::to_string(lines.size()) + "\r\n";
  for (const std::string& line : lines) {
    text += '+';
    const std::size_t begin = text.size();
    text += line;
    std::replace_if(text.begin() + static_cast<std::ptrdiff_t>(begin), text.end(), has_end_of_line,
                    ' ');
    text += "\r\n";
  }
  send_bytes(text);
}

void DebugLink::receive() {
  char bytes[4096];
  if (!is_readable()) return stop_reading();
  const ssize_t got = ::recv(descriptors_.socket, bytes, sizeof bytes, MSG_DONTWAIT);
  is_lost_ = got <= 0;
  if (got > 0) input_.append(bytes, static_cast<std::size_t>(got));
}

DebugLink::Received DebugLink::take(DebugWords& words) {
  const resp::Request& request = batch_.requests()[taken_++];
  if (!is_acceptable(request)) return Received::malformed;
  words.assign(request.args.begin(), request.args.end());
  return Received::words;
}

DebugLink::Received DebugLink::read(DebugWords& words) {
  while (reads()) {
    if (taken_ < batch_.size()) return take(words);
    batch_.clear();
    taken_ = 0;
    input_.erase(0, std::exchange(processed_, 0));
    if (!input_.empty() && input_.front() != '*') return Received::malformed;
    const resp::Parsed parsed =
        reader_.parse(input_, batch_, {.max_bulk_bytes = kMostWordBytes, .authenticated = true});
    processed_ = static_cast<std::size_t>(parsed.consumed);
    if (!batch_.empty()) continue;
    if (parsed.status == resp::Parsed::Status::failed || input_.size() > kMostBytes) {
      return Received::malformed;
    }
    receive();
  }
  return Received::nothing;
}

}  // namespace larder::scripting
