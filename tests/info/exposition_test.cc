#include "larder/info/exposition.h"

#include <gtest/gtest.h>

namespace larder::info {
namespace {

constexpr auto kCounter = MetricKind::counter;
constexpr LineFigure kDatabaseFigures[] = {
    {"keys", {.help = "Keys of a database.", .name = "db_keys"}},
    {"avg_ttl", {.help = "Mean time left.", .name = "db_avg_ttl_seconds", .decimals = 3}},
};
constexpr LineFigure kCommandFigures[] = {
    {"calls", {.help = "Calls of a command.", .name = "commands", .kind = kCounter}},
    {"usec", {.name = "commands_duration_seconds", .kind = kCounter, .decimals = 6}},
};
constexpr LineMetrics kDatabases{"db", "db", kDatabaseFigures};
constexpr LineMetrics kCommands{"cmdstat_", "cmd", kCommandFigures};
constexpr LineMetrics kLatency{
    .prefix = "latency_percentiles_usec_",
    .label = "cmd",
    .figures = {},
    .percentiles = {.help = "Time of calls.", .name = "command_latency_seconds"}};

struct Fields : Group {
  using Group::Group;
  void refresh() override { ++refreshed; }
  int refreshed = 0;
  Counter hits{*this, "stats", "keyspace_hits", {.help = "Lookups that found their key."}};
  Counter commands{*this, "stats", "total_commands_processed"};
  Gauge clients{*this, "clients", "connected_clients"};
  Gauge cycles{*this, "stats", "eventloop_cycles", {.kind = kCounter}};
  Gauge busy{*this,
             "stats",
             "eventloop_duration_sum",
             {.name = "eventloop_busy_seconds", .kind = kCounter, .decimals = 6}};
  Gauge days{*this, "server", "uptime_in_days", {.kind = MetricKind::hidden}};
  Gauge plain{*this, "stats", "a_field_of_our_own"};
  Text cpu{*this, "cpu", "used_cpu_sys", {.name = "cpu_sys_seconds", .kind = kCounter}};
  Text version{*this, "server", "redis_version"};
  Text sha{*this, "server", "redis_git_sha1"};
  Text file{*this, "server", "config_file"};
  Text human{*this, "memory", "used_memory_human"};
  Text percent{*this, "memory", "used_memory_peak_perc"};
  Text saved{*this, "persistence", "rdb_last_bgsave_status"};
  Lines databases{*this, "keyspace", &kDatabases};
  Lines per_command{*this, "commandstats", &kCommands};
  Lines latency{*this, "latencystats", &kLatency};
  Lines others{*this, "others"};
  Family owners{*this, "memory_bytes", "owner", {"strings", "lists"}};
};

class ExpositionTest : public testing::Test {
 protected:
  bool has(const std::string& lines, Exposition form = Exposition::open_metrics) {
    return ("\n" + expose(reporter, form)).find("\n" + lines) != std::string::npos;
  }
  Reporter reporter;
  Fields fields{reporter};
};

TEST_F(ExpositionTest, DistinguishesCountersFromGauges) {
  fields.hits += 3;
  fields.commands += 4;
  fields.clients = 5;
  EXPECT_TRUE(
      has("# HELP larder_keyspace_hits Lookups that found their key.\n"
          "# TYPE larder_keyspace_hits counter\nlarder_keyspace_hits_total 3\n"));
  EXPECT_TRUE(has("# TYPE larder_commands_processed counter\nlarder_commands_processed_total 4\n"));
  EXPECT_TRUE(has("# TYPE larder_connected_clients gauge\nlarder_connected_clients 5\n"));
  EXPECT_TRUE(has("# TYPE larder_a_field_of_our_own gauge\nlarder_a_field_of_our_own 0\n"));
}

TEST_F(ExpositionTest, TreatsGaugesThatOnlyGrowAsCounters) {
  fields.cycles = 9;
  fields.busy = 1234;
  EXPECT_TRUE(has("# TYPE larder_eventloop_cycles counter\nlarder_eventloop_cycles_total 9\n"));
  EXPECT_TRUE(has("larder_eventloop_busy_seconds_total 0.001234\n"));
}

TEST_F(ExpositionTest, OmitsHiddenFieldsAndFieldsWithoutMetrics) {
  fields.others = "db0:keys=17\r\n";
  const std::string page = expose(reporter, Exposition::open_metrics);
  EXPECT_EQ(page.find("uptime"), std::string::npos);
  EXPECT_EQ(page.find("17"), std::string::npos);
}

TEST_F(ExpositionTest, OlderFormatNamesTypesLikeSamples) {
  fields.hits += 3;
  EXPECT_TRUE(has("# TYPE larder_keyspace_hits_total counter\nlarder_keyspace_hits_total 3\n",
                  Exposition::prometheus));
  EXPECT_FALSE(has("# EOF", Exposition::prometheus));
  EXPECT_TRUE(expose(reporter, Exposition::open_metrics).ends_with("\n# EOF\n"));
}

TEST_F(ExpositionTest, ConvertsTextsThatAreNumbers) {
  fields.cpu = "12.500000";
  fields.percent = "99.50%";
  fields.human = "1.00M";
  fields.saved = "ok";
  EXPECT_TRUE(has("larder_cpu_sys_seconds_total 12.5\n"));
  EXPECT_TRUE(has("larder_used_memory_peak_ratio 0.995\n"));
  EXPECT_TRUE(has("larder_rdb_last_bgsave_status 1\n"));
  fields.saved = "err";
  EXPECT_TRUE(has("larder_rdb_last_bgsave_status 0\n"));
  EXPECT_EQ(expose(reporter, Exposition::open_metrics).find("human"), std::string::npos);
}

TEST_F(ExpositionTest, ShowsWordsAsLabels) {
  fields.version = "7.2.6";
  fields.sha = "00000000";
  EXPECT_TRUE(
      has("# TYPE larder_server info\n"
          "larder_server_info{redis_version=\"7.2.6\",redis_git_sha1=\"00000000\"} 1\n"));
  EXPECT_TRUE(has("# TYPE larder_server_info gauge\n", Exposition::prometheus));
  fields.file = "/a \"b\"\\c\n\x80";
  EXPECT_TRUE(
      has("larder_server_info{redis_version=\"7.2.6\",redis_git_sha1=\"00000000\","
          "config_file=\"/a \\\"b\\\"\\\\c\\n?\"} 1\n"));
}

TEST_F(ExpositionTest, ConvertsLinesToMetricFamilies) {
  fields.databases = "db0:keys=1,expires=2,avg_ttl=1500\r\ndb9:keys=3,expires=4,avg_ttl=0\r\n";
  fields.per_command =
      "cmdstat_config|get:calls=2,usec=30,usec_per_call=15.00,rejected_calls=0,"
      "failed_calls=1\r\n";
  fields.latency = "latency_percentiles_usec_get:p50=1.003,p99.9=2000.5\r\n";
  EXPECT_TRUE(has("larder_db_keys{db=\"0\"} 1\nlarder_db_keys{db=\"9\"} 3\n"));
  EXPECT_TRUE(has("larder_db_avg_ttl_seconds{db=\"0\"} 1.500\n"));
  EXPECT_TRUE(has("# TYPE larder_commands counter\nlarder_commands_total{cmd=\"config|get\"} 2\n"));
  EXPECT_TRUE(has("larder_commands_duration_seconds_total{cmd=\"config|get\"} 0.000030\n"));
  EXPECT_TRUE(
      has("# TYPE larder_command_latency_seconds summary\n"
          "larder_command_latency_seconds{cmd=\"get\",quantile=\"0.5\"} 1.003e-06\n"
          "larder_command_latency_seconds{cmd=\"get\",quantile=\"0.999\"} 0.0020005\n"));
}

TEST_F(ExpositionTest, ShowsFamiliesThatInfoDoesNot) {
  fields.owners.set(1, 70);
  EXPECT_TRUE(
      has("larder_memory_bytes{owner=\"strings\"} 0\n"
          "larder_memory_bytes{owner=\"lists\"} 70\n"));
  EXPECT_EQ(reporter.render({"everything"}).find("memory_bytes"), std::string::npos);
  EXPECT_EQ(reporter.value("memory_bytes"), "");
}

TEST_F(ExpositionTest, RefreshesEachGroupOnce) {
  expose(reporter, Exposition::open_metrics);
  EXPECT_EQ(fields.refreshed, 1);
}

}  // namespace
}  // namespace larder::info
