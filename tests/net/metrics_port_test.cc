#include "larder/net/metrics_port.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/net/line.h"

namespace larder::net {
namespace {

class MetricsPortTest : public testing::Test {
 protected:
  MetricsPortTest() { log.level(base::LogLevel::nothing); }
  ~MetricsPortTest() override {
    port.close();
    EXPECT_EQ(memory::balance(memory::Owner::statistics), 0);
  }

  Line connect() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    port.on_accepted(ends[0], Transport::tcp);
    return Line(ends[1]);
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) {
      loop->run_once(0);
      expect_balance();
    }
  }
  std::string ask(Line& line, std::string_view bytes) {
    line.write(bytes);
    turns(2);
    return line.read();
  }
  std::string get(Line& line, const std::string& path, const std::string& headers = "") {
    return ask(line, "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n");
  }
  bool is_closed(Line& line) {
    line.read();
    return line.closed;
  }
  void expect_balance() {
    memory::Auditor auditor;
    auditor.add(port);
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }

  base::ManualClock clock;
  std::unique_ptr<Loop> loop = make_epoll_loop(clock);
  base::Log log;
  info::Reporter reporter;
  engine::GateBoard gates;
  MetricsPort port{{*loop, log, reporter, gates}};
};

TEST_F(MetricsPortTest, AnswersSeveralScrapesOnOneConnection) {
  Line line = connect();
  const std::string first = get(line, "/metrics");
  EXPECT_EQ(first.substr(0, 17), "HTTP/1.1 200 OK\r\n");
  EXPECT_NE(first.find("\r\nContent-Type: application/openmetrics-text; version=1.0.0; "
                       "charset=utf-8\r\n"),
            std::string::npos);
  EXPECT_NE(first.find("\nlarder_metrics_scrapes_total 1\n"), std::string::npos);
  EXPECT_TRUE(first.ends_with("\n# EOF\n"));
  EXPECT_NE(get(line, "/metrics").find("\nlarder_metrics_scrapes_total 2\n"), std::string::npos);
  EXPECT_FALSE(is_closed(line));
}

TEST_F(MetricsPortTest, SendsContentLength) {
  Line line = connect();
  const std::string reply = get(line, "/metrics");
  const std::size_t body = reply.find("\r\n\r\n") + 4;
  const std::string length = "\r\nContent-Length: " + std::to_string(reply.size() - body) + "\r\n";
  EXPECT_NE(reply.find(length), std::string::npos);
}

TEST_F(MetricsPortTest, SendsTheOlderFormatIfRequested) {
  Line line = connect();
  const std::string reply = get(line, "/metrics", "Accept: text/plain\r\n");
  EXPECT_NE(reply.find("Content-Type: text/plain; version=0.0.4"), std::string::npos);
  EXPECT_NE(reply.find("\n# TYPE larder_metrics_scrapes_total counter\n"), std::string::npos);
  EXPECT_EQ(reply.find("# EOF"), std::string::npos);
}

TEST_F(MetricsPortTest, AnswersHealthRequests) {
  Line line = connect();
  EXPECT_EQ(get(line, "/health").substr(9, 6), "200 OK");
  gates.close(engine::Gate::loading);
  EXPECT_EQ(get(line, "/health").substr(9, 3), "503");
  gates.open(engine::Gate::loading);
  EXPECT_EQ(get(line, "/health?x").substr(9, 3), "200");
}

TEST_F(MetricsPortTest, AnswersHeadWithoutBody) {
  Line line = connect();
  const std::string reply = ask(line, "HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(reply.substr(9, 3), "200");
  EXPECT_NE(reply.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("\r\n\r\n"));
}

TEST_F(MetricsPortTest, RejectsWrongRequestsAndCloses) {
  Line post = connect();
  const std::string refused =
      ask(post, "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(refused.substr(9, 3), "405");
  EXPECT_NE(refused.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
  EXPECT_TRUE(is_closed(post));
  for (const char* other : {"POST / HTTP/1.1\r\n\r\n", "PUT /metrics?x=1 HTTP/1.0\r\n\r\n"}) {
    Line line = connect();
    EXPECT_EQ(ask(line, other).substr(9, 3), "405") << other;
  }
  Line lost = connect();
  EXPECT_EQ(get(lost, "/").substr(9, 3), "404");
  EXPECT_FALSE(is_closed(lost));
  Line garbage = connect();
  EXPECT_EQ(ask(garbage, "*1\r\n$4\r\nPING\r\n").substr(9, 3), "400");
  EXPECT_TRUE(is_closed(garbage));
  Line endless = connect();
  EXPECT_EQ(ask(endless, "GET /" + std::string(3 * 4096, 'a')).size(), 0u);
  turns(4);
  EXPECT_EQ(endless.read().substr(9, 3), "431");
}

TEST_F(MetricsPortTest, ClosesWhenAskedTo) {
  Line line = connect();
  const std::string reply = get(line, "/health", "Connection: close\r\n");
  EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(is_closed(line));
  line.close();
  turns(3);
  EXPECT_EQ(port.connections(), 0u);
}

TEST_F(MetricsPortTest, AnswersOnePipelinedRequestInATurn) {
  Line line = connect();
  const std::string one = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
  line.write(one + one + one);
  turns(1);
  EXPECT_EQ(line.read().find("HTTP", 1), std::string::npos);
  turns(2);
  EXPECT_NE(line.read().find("HTTP", 1), std::string::npos);
}

TEST_F(MetricsPortTest, AcceptsRequestsInPieces) {
  Line line = connect();
  EXPECT_EQ(ask(line, "GET /health HT"), "");
  EXPECT_EQ(ask(line, "TP/1.0\r\n\r"), "");
  EXPECT_EQ(ask(line, "\n").substr(9, 3), "200");
}

TEST_F(MetricsPortTest, ClosesConnectionsThatSendTooSlowly) {
  Line slow = connect();
  Line idle = connect();
  get(idle, "/health");
  for (int i = 0; i < 10; ++i) {
    ask(slow, "G");
    clock.advance_ms(MetricsPort::kRequestMs / 10);
  }
  turns(3);
  EXPECT_TRUE(is_closed(slow));
  EXPECT_FALSE(is_closed(idle));
  clock.advance_ms(MetricsPort::kIdleMs);
  turns(3);
  EXPECT_TRUE(is_closed(idle));
  EXPECT_EQ(port.connections(), 0u);
}

TEST_F(MetricsPortTest, ClosesConnectionsThatDoNotReadTheAnswer) {
  Line line = connect();
  const std::string one = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  std::string many;
  for (int i = 0; i < 200; ++i) many += one;
  // Runs turns until no more bytes are sent or received.
  for (int i = 0; i < 2000; ++i) {
    line.write(many);
    loop->run_once(0);
  }
  EXPECT_EQ(port.connections(), 1u);
  expect_balance();
  clock.advance_ms(MetricsPort::kAnswerMs);
  turns(3);
  EXPECT_EQ(port.connections(), 0u);
}

TEST_F(MetricsPortTest, ClosesAnOldConnectionForANewOne) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < MetricsPort::kMostConnections + 1; ++i) {
    lines.push_back(connect());
    clock.advance_ms(1);
    turns(1);
  }
  EXPECT_EQ(port.connections(), MetricsPort::kMostConnections);
  EXPECT_TRUE(is_closed(lines.front()));
  EXPECT_EQ(get(lines.back(), "/health").substr(9, 3), "200");
}

TEST_F(MetricsPortTest, IsServedInTurnsWithinATurnAndKeepsNothingOfThem) {
  for (std::size_t i = 0; i < 10 * MetricsPort::kMostConnections; ++i) {
    Line line = connect();
    line.write("GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    loop->run_within();
    EXPECT_EQ(line.read().substr(9, 3), "200");
    EXPECT_EQ(port.connections(), 1u);
    line.close();
    loop->run_within();
    port.end_turn_within();
    EXPECT_EQ(port.connections(), 0u);
    EXPECT_EQ(memory::balance(memory::Owner::statistics), 0);
  }
}

}  // namespace
}  // namespace larder::net
