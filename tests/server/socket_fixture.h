#pragma once

// A core with connections over socket pairs; the test runs each turn of the loop.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>

#include "larder/net/budget_metrics.h"
#include "larder/net/connections.h"
#include "larder/net/loop.h"
#include "larder/net/metrics.h"
#include "tests/harness/harness.h"
#include "tests/net/line.h"

namespace larder::server {

using harness::Harness;
using net::Line;

inline constexpr std::size_t kMega = std::size_t{1} << 20;

inline std::string command(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

inline std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

class SocketFixture : public testing::Test {
 protected:
  explicit SocketFixture(const std::string& options = {}) : harness(options) {
    harness.core().auditor.add(connections);
  }
  ~SocketFixture() override { harness.core().auditor.remove(connections); }

  Line connect() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    connections.on_accepted(ends[0], net::Transport::unix_socket);
    return Line(ends[1]);
  }

  void turn() {
    loop->run_once(0);
    connections.end_turn();
    harness.core().end_turn();
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) turn();
  }
  // Sends all bytes, in as many turns as needed, and returns the bytes received until then and in a
  // few more turns.
  std::string talk(Line& line, std::string_view bytes) {
    std::string got;
    while (!bytes.empty()) {
      bytes.remove_prefix(line.write(bytes));
      turn();
      got += line.read();
    }
    for (int quiet = 0; quiet < 4; ++quiet) {
      turn();
      const std::string more = line.read();
      if (!more.empty()) quiet = 0;
      got += more;
    }
    return got;
  }

  Harness harness;
  std::unique_ptr<net::Loop> loop = net::make_epoll_loop(harness.clock());
  net::Metrics metrics{harness.core().reporter};
  base::Log log;
  net::Connections connections{{*loop, log, harness.core().executor, harness.core().sessions,
                                harness.core().acl, harness.configuration().net,
                                harness.configuration().eviction, metrics}};
  net::BudgetMetrics budget_metrics{harness.core().reporter, harness.configuration().eviction,
                                    connections};
};

}  // namespace larder::server
