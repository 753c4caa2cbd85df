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

}  // namespace

// An interruption by a signal ends the session, because the signal may ask the server to stop.
bool DebugLink::wait(short events, int timeout_ms) const {
  pollfd waited{.fd = socket_, .events = events, .revents = 0};
  return ::poll(&waited, 1, timeout_ms) > 0;
}

void DebugLink::send_bytes(std::string_view bytes) {
  while (!bytes.empty() && !is_lost_) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else {
      is_lost_ = errno != EAGAIN || !wait(POLLOUT, kSendMs);
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

bool DebugLink::receive() {
  char bytes[4096];
  if (!wait(POLLIN, kForever)) return false;
  const ssize_t got = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got <= 0) return false;
  input_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

DebugLink::Got DebugLink::take(DebugWords& words) {
  const resp::Request& request = batch_.requests()[taken_++];
  if (!is_acceptable(request)) return Got::malformed;
  words.assign(request.args.begin(), request.args.end());
  return Got::words;
}

DebugLink::Got DebugLink::read(DebugWords& words) {
  while (reads()) {
    if (taken_ < batch_.size()) return take(words);
    batch_.clear();
    taken_ = 0;
    input_.erase(0, std::exchange(processed_, 0));
    if (!input_.empty() && input_.front() != '*') return Got::malformed;
    const resp::Parsed parsed =
        reader_.parse(input_, batch_, {.max_bulk_bytes = kMostWordBytes, .authenticated = true});
    processed_ = static_cast<std::size_t>(parsed.consumed);
    if (!batch_.empty()) continue;
    if (parsed.status == resp::Parsed::Status::failed || input_.size() > kMostBytes) {
      return Got::malformed;
    }
    is_lost_ = !receive();
  }
  return Got::lost;
}

}  // namespace larder::scripting
