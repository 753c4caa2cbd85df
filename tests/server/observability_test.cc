// LATENCY's graph and histogram, INFO latencystats, and that no log shows a password.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "larder/config/config.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using engine::LatencyEvent;
using harness::Harness;
using testing::HasSubstr;
using testing::Not;

class Observability : public testing::Test {
 protected:
  std::string reply(const std::string& line) { return client->exchange(line + "\r\n"); }
  observe::LatencyMonitor& latency() { return harness.core().observer.latency; }
  void set(const std::string& name, const std::string& value) {
    ASSERT_EQ(reply("CONFIG SET " + name + " " + value), "+OK\r\n");
  }

  Harness harness;
  std::unique_ptr<Harness::Client> client = harness.connect();
};

// The graph that redis-server draws for these samples at these times.
TEST_F(Observability, DrawsTheGraphOfRedis) {
  set("latency-monitor-threshold", "1");
  const std::pair<int, int> samples[] = {{11, 1}, {29, 1}, {15, 2}, {43, 1}, {15, 1},
                                         {47, 1}, {15, 1}, {2, 1},  {39, 1}};
  for (const auto& [ms, seconds] : samples) {
    latency().add(LatencyEvent::command, ms * 1000);
    harness.clock().advance_ms(seconds * 1000);
  }
  EXPECT_THAT(
      reply("LATENCY GRAPH command"),
      HasSubstr("command - high 47 ms, low 2 ms (all time high 47 ms)\n" + std::string(80, '-') +
                "\n"
                "   o #  _\n"
                " o | |  |\n"
                " |_|_|_ |\n"
                "#||||||_|\n"
                "         \n"
                "198654321\n"
                "0ssssssss\n"
                "s        \n"));
}

TEST_F(Observability, DrawsLongSeriesInBands) {
  set("latency-monitor-threshold", "1");
  for (int i = 0; i < 81; ++i) {
    latency().add(LatencyEvent::expire_cycle, 1000 + 1000 * (i % 2));
    harness.clock().advance_ms(1000);
  }
  const std::string graph = reply("LATENCY GRAPH expire-cycle");
  std::string highest;
  for (int i = 0; i < 40; ++i) highest += " #";
  EXPECT_THAT(graph, HasSubstr("\n" + highest + "\n"));
  EXPECT_THAT(graph, HasSubstr("\n\n \n \n \n_\n \n1\ns\n"));
}

TEST_F(Observability, LatencyDoctorListsSlowEvents) {
  set("latency-monitor-threshold", "10");
  EXPECT_THAT(reply("LATENCY DOCTOR"), HasSubstr("nothing has taken 10 ms or more"));
  latency().add(LatencyEvent::eviction_cycle, 20'500);
  harness.clock().advance_ms(4000);
  latency().add(LatencyEvent::eviction_cycle, 40'500);
  const std::string report = reply("LATENCY DOCTOR");
  EXPECT_THAT(report, HasSubstr(" - eviction-cycle: 2 samples, 30.0 ms on average (+-10.0), 40 ms "
                                "at most, one every 4.0 s.\n"));
  EXPECT_THAT(report, HasSubstr("maxmemory-eviction-tenacity"));
}

TEST_F(Observability, CountsCallsByPowersOfTwoMicroseconds) {
  auto& times = harness.core().commands.find("get")->stats.latency;
  times.record(500, 3);
  times.record(1500, 2);
  times.record(40'000, 1);
  EXPECT_EQ(reply("LATENCY HISTOGRAM get"),
            "*2\r\n$3\r\nget\r\n*4\r\n$5\r\ncalls\r\n:6\r\n$14\r\nhistogram_usec\r\n*6\r\n"
            ":1\r\n:3\r\n:2\r\n:5\r\n:66\r\n:6\r\n");
}

TEST_F(Observability, ReportsPercentilesOfEachCommand) {
  set("latency-tracking-info-percentiles", "\"50 99.9 100\"");
  auto& times = harness.core().commands.find("get")->stats.latency;
  for (int i = 0; i < 1000; ++i) times.record(i < 998 ? 1023 : 65'535, 1);
  EXPECT_THAT(reply("INFO latencystats"),
              HasSubstr("latency_percentiles_usec_get:p50=1.023,p99.9=65.535,p100=65.535\r\n"));
  set("latency-tracking", "no");
  EXPECT_THAT(reply("INFO latencystats"), Not(HasSubstr("latency_percentiles")));
}

TEST_F(Observability, ShowsNoSensitiveDirectiveInTheSlowLog) {
  set("slowlog-log-slower-than", "0");
  std::size_t sensitive = 0;
  for (const config::Directive* directive : harness.configuration().registry.directives()) {
    if (!directive->has(config::kSensitive)) continue;
    ++sensitive;
    reply("SLOWLOG RESET");
    reply("CONFIG SET " + std::string(directive->name()) + " hunter2");
    const std::string log = reply("SLOWLOG GET 2");
    EXPECT_THAT(log, HasSubstr("(redacted)")) << directive->name();
    EXPECT_THAT(log, Not(HasSubstr("hunter2"))) << directive->name();
  }
  EXPECT_GE(sensitive, 5u);
}

}  // namespace
}  // namespace larder::server
