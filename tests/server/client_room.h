#pragma once

// A server with 40 MB over sockets, functions that fill it, and its peak of used memory.

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "larder/memory/ledger.h"
#include "larder/memory/metrics.h"
#include "tests/server/socket_fixture.h"

namespace larder::server {
inline constexpr std::size_t kMaxMemory = 40 * kMega;
// Clients may raise used_memory this far above maxmemory.
inline constexpr std::size_t kTolerance = kMega;

class ClientRoom : public SocketFixture {
 protected:
  ClientRoom() : SocketFixture("maxmemory 40mb\nmaxmemory-policy allkeys-lru\n") {
    log.level(base::LogLevel::nothing);
  }
  ~ClientRoom() override {
    lines.clear();
    for (int i = 0; i < 1000; ++i) turn();
    while (!harness.core().keyspace.graveyard().drain(base::Budget::unlimited())) {
    }
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  std::string ask(const std::string& text) {
    Line asking = connect();
    return talk(asking, text + "\r\n");
  }
  long long figure(const std::string& name) {
    const std::string text = ask("INFO everything");
    const auto at = text.find("\n" + name + ":");
    EXPECT_NE(at, std::string::npos) << name;
    return std::atoll(text.c_str() + at + name.size() + 2);
  }
  void set(const std::string& key, std::size_t bytes) {
    Line asking = connect();
    // In one string of exact size, since the memory of the test counts as well.
    std::string text = "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key +
                       "\r\n$" + std::to_string(bytes) + "\r\n";
    text.reserve(text.size() + bytes + 2);
    text.append(bytes, 'v').append("\r\n");
    ASSERT_EQ(talk(asking, text), "+OK\r\n");
  }
  // Fills memory up to the limit with data that is older than keys set afterwards.
  void fill() {
    ask("DEBUG POPULATE 60000 key 1000");
    harness.clock().advance_ms(60'000);
    for (int i = 0; i < 100'000 && harness.core().evictor.over_limit(); ++i) {
      harness.core().end_turn();
    }
    ASSERT_GT(memory::used_bytes(), kMaxMemory - kMega);
  }
  Line& add_line() {
    lines.push_back(std::make_unique<Line>(connect()));
    return *lines.back();
  }
  // Runs turns of the loop, and records the peak of used memory.
  void watch_turns(int count) {
    for (int i = 0; i < count; ++i) {
      turn();
      most_used = std::max(most_used, memory::used_bytes());
    }
  }
  // Counts the bytes of `head`, then of the letter v, then of `tail` that a line gets, until it has
  // all of them or no more bytes arrive. Stored texts of the test would count as used memory.
  std::size_t drain(Line& line, const std::string& head, std::size_t letters,
                    const std::string& tail) {
    const std::size_t all = head.size() + letters + tail.size();
    std::size_t got = 0;
    for (int quiet = 0; got < all && quiet < 3000 && !line.closed; ++quiet) {
      watch_turns(1);
      const std::string part = line.read();
      if (!part.empty()) quiet = 0;
      const bool is_right = part == expected(got, part.size(), head, letters, tail);
      EXPECT_TRUE(is_right) << got;
      if (!is_right) return got;
      got += part.size();
    }
    return got;
  }
  // The bytes that come, up to so many.
  std::size_t count(Line& line, std::size_t bytes) {
    std::size_t got = 0;
    for (int quiet = 0; got < bytes && quiet < 3000 && !line.closed; ++quiet) {
      watch_turns(1);
      const std::size_t more = line.read().size();
      if (more > 0) quiet = 0;
      got += more;
    }
    return got;
  }
  static std::string expected(std::size_t from, std::size_t size, const std::string& head,
                              std::size_t letters, const std::string& tail) {
    std::string text(size, 'v');
    for (std::size_t i = from; i < std::min(from + size, head.size()); ++i)
      text[i - from] = head[i];
    const std::size_t end = head.size() + letters;
    for (std::size_t i = std::max(from, end); i < from + size; ++i) {
      text[i - from] = i - end < tail.size() ? tail[i - end] : '?';
    }
    return text;
  }
  std::size_t drain_bulk(Line& line, std::size_t bytes) {
    return drain(line, "$" + std::to_string(bytes) + "\r\n", bytes, "\r\n");
  }
  static std::size_t bulk_bytes(std::size_t bytes) {
    return bytes + std::to_string(bytes).size() + 5;
  }
  // Each line sends SET large with a value of that size, all at once, and `each_turn` is called in
  // between. Returns how many got the reply OK.
  std::size_t store_at_once(std::size_t bytes, const std::function<void()>& each_turn) {
    const std::string header =
        "*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$" + std::to_string(bytes) + "\r\n";
    const std::string letters(1 << 18, 'v');
    const std::string_view end = "\r\n";
    const auto next_piece = [&](std::size_t left) {
      return left > end.size() ? std::string_view(letters).substr(0, left - end.size())
                               : end.substr(end.size() - left);
    };
    std::vector<std::size_t> left(lines.size(), bytes + end.size());
    std::size_t answered = 0;
    for (auto& line : lines) EXPECT_EQ(line->write(header), header.size());
    for (int round = 0; round < 3000 && answered < lines.size(); ++round) {
      for (std::size_t i = 0; i < lines.size(); ++i) {
        left[i] -= lines[i]->write(next_piece(left[i]));
        if (lines[i]->read() == "+OK\r\n") ++answered;
      }
      watch_turns(1);
      each_turn();
    }
    return answered;
  }
  // Ten clients ask for 3 MB each and do not read them: clients have no room for a large reply.
  void take_the_share() {
    set("big", 3 * kMega);
    for (int i = 0; i < 10; ++i) add_line().write("GET big\r\n");
    watch_turns(100);
  }
  // They read.
  void give_back_the_share() {
    for (std::size_t i = lines.size() - 10; i < lines.size(); ++i) drain_bulk(*lines[i], 3 * kMega);
    watch_turns(20);
  }
  void pass_time(std::int64_t ms) {
    harness.clock().advance_ms(ms);
    for (int i = 0; i < 10; ++i) connections.run_periodic(10);
    watch_turns(4);
  }

  std::vector<std::unique_ptr<Line>> lines;
  std::uint64_t most_used = 0;
};

}  // namespace larder::server
