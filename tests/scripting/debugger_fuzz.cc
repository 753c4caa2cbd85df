// Any requests of a client of the debugger, and any bytes in place of them: each stop brings one
// whole reply of lines, the script and its session end, and the memory audit balances.

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "larder/base/assert.h"
#include "larder/base/numbers.h"
#include "larder/engine/direct_sockets.h"
#include "tests/harness/harness.h"

namespace {

// What a socket takes without a reader.
constexpr std::size_t kMostBytes = 16 * 1024;

constexpr std::string_view kScript =
    "local a = 1\nlocal t = {1, 'x', {y = false}}\nt.t = t\nlocal f = function(z)\n"
    " redis.breakpoint()\n return z .. KEYS[1]\nend\nfor i = 1, 3 do\n a = a + i\nend\n"
    "redis.call('SET', KEYS[1], f('v'))\nredis.debug(a, t, redis.pcall('LPUSH', KEYS[1], 'x'))\n"
    "return redis.call('GET', KEYS[1])";

// Words that random bytes would rarely form.
constexpr std::array<std::string_view, 24> kWords{
    "s",   "n",   "c",       "l", "w",    "p",           "b",      "t",
    "e",   "r",   "m",       "a", "help", "KEYS",        "a",      "t",
    "SET", "GET", "HGETALL", "1", "-3",   "99999999999", "maxlen", "redis.call('GET', 'k')"};

std::string encoded(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

// A byte above 0x7f stands for a word of the list, 0 ends a word, 1 ends a request. The debugger
// ends at once for an empty word, so there is none.
std::string requests_in(std::string_view bytes) {
  std::string text;
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  const auto end_request = [&] {
    end_word();
    if (!words.empty()) text += encoded(std::exchange(words, {}));
  };
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 1) {
      end_request();
    } else if (byte == 0) {
      end_word();
    } else if (byte > 0x7f) {
      word += kWords[byte % kWords.size()];
    } else {
      word += c;
    }
  }
  end_request();
  return text;
}

// Both ends of the connection of the debugger; a thread takes what it sends.
class Connection final : public larder::engine::DirectSockets {
 public:
  explicit Connection(std::string_view requests) {
    LARDER_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0);
    [[maybe_unused]] const auto sent =
        ::send(ends_[1], requests.data(), requests.size(), MSG_DONTWAIT);
    ::shutdown(ends_[1], SHUT_WR);
    taker_ = std::thread([this] { take(); });
  }
  ~Connection() {
    ::close(ends_[1]);
    if (ends_[0] >= 0) ::close(ends_[0]);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int direct_socket(const larder::engine::Session&) const override { return ends_[0]; }

  // Everything that was sent to the client.
  const std::string& close() {
    ::close(ends_[0]);
    ends_[0] = -1;
    taker_.join();
    return taken_;
  }

 private:
  void take() {
    char bytes[4096];
    for (ssize_t got; (got = ::recv(ends_[1], bytes, sizeof bytes, 0)) > 0;) {
      taken_.append(bytes, static_cast<std::size_t>(got));
    }
  }

  std::array<int, 2> ends_{};
  std::thread taker_;
  std::string taken_;
};

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  LARDER_ASSERT(end != std::string_view::npos);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

void expect_whole_replies(std::string_view text) {
  while (!text.empty()) {
    const std::string_view head = next_line(text);
    LARDER_ASSERT(head.starts_with('*'));
    const auto lines = larder::base::parse_int64(head.substr(1));
    LARDER_ASSERT(lines.has_value());
    for (std::int64_t i = 0; i < *lines; ++i) LARDER_ASSERT(next_line(text).starts_with('+'));
  }
}

}  // namespace

// The first byte tells whether the others are sent as they are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMostBytes) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  larder::harness::Harness harness("script-memory-limit 16mb\nproto-max-bulk-len 1mb\n");
  // Code that does not end is ended after some readings.
  harness.clock().us_per_reading = 100'000;
  Connection connection(data[0] == 0 ? std::string(bytes) : requests_in(bytes));
  harness.core().scripts.debug_through(connection, /*stop=*/-1);
  {
    const auto client = harness.connect();
    LARDER_ASSERT(client->exchange("SCRIPT DEBUG SYNC\r\n") == "+OK\r\n");
    client->exchange(encoded({"EVAL", std::string(kScript), "1", "k"}));
    LARDER_ASSERT(client->is_closed());
  }
  expect_whole_replies(connection.close());
  harness.clock().us_per_reading = 0;
  while (harness.end_turn()) {
  }
  const auto audit = harness.core().auditor.run();
  if (!audit.balanced()) {
    std::fputs(audit.text().c_str(), stderr);
    std::abort();
  }
  return 0;
}
