#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "all_settings.h"

namespace larder::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFailed = "ERR CONFIG SET failed (possibly related to argument '";

class Directives : public testing::Test {
 protected:
  // The reply of CONFIG SET without its common prefix; then the value of CONFIG GET.
  std::string set(const std::string& name, const std::string& value) {
    const std::string reply = all_.set({{name, value}});
    const std::string head = kFailed + name + "') - ";
    return reply.rfind(head, 0) == 0 ? reply.substr(head.size()) : reply;
  }
  std::string taken(const std::string& name, const std::string& value) {
    const std::string reply = set(name, value);
    return reply == "OK" ? all_.get(name) : reply;
  }

  AllSettings all_;
};

TEST_F(Directives, IntegersAcceptCanonicalNumbersInTheirRange) {
  EXPECT_EQ(taken("maxmemory-samples", "64"), "64");
  EXPECT_EQ(set("hz", "x"), "argument couldn't be parsed into an integer");
  EXPECT_EQ(set("lfu-decay-time", "007"), "argument couldn't be parsed into an integer");
  EXPECT_EQ(set("hz", ""), "argument couldn't be parsed into an integer");
  EXPECT_EQ(set("port", "99999"), "argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(set("slowlog-log-slower-than", "-2"),
            "argument must be between -1 and 9223372036854775807 inclusive");
  EXPECT_EQ(taken("list-max-listpack-size", "-5"), "-5");
}

TEST_F(Directives, OctalNumbersAreReadAndShownInOctal) {
  EXPECT_EQ(all_.start({"--unixsocketperm", "755"}), "OK");
  EXPECT_EQ(all_.get("unixsocketperm"), "755");
  EXPECT_EQ(all_.net.listen.unixsocketperm.value(), 0755);
  EXPECT_THAT(all_.start({"--unixsocketperm", "999"}),
              testing::HasSubstr("\nargument couldn't be parsed as an octal number\n"));
  EXPECT_THAT(all_.start({"--unixsocketperm", "1777"}),
              testing::HasSubstr("\nargument must be between 0 and 777 inclusive\n"));
}

TEST_F(Directives, BytesAcceptUnits) {
  EXPECT_EQ(taken("maxmemory", "10kB"), "10240");
  EXPECT_EQ(taken("maxmemory", "10k"), "10000");
  EXPECT_EQ(taken("maxmemory", "2gb"), "2147483648");
  EXPECT_EQ(set("repl-backlog-size", "5%"), "argument must be a memory value");
  EXPECT_EQ(set("maxmemory", "-1"), "argument must be a memory value");
  EXPECT_EQ(set("repl-backlog-size", "0"),
            "argument must be between 1 and 9223372036854775807 inclusive");
  EXPECT_EQ(set("client-query-buffer-limit", "18446744073709551615"),
            "argument must be between 1048576 and 9223372036854775807 inclusive");
  EXPECT_EQ(set("client-reply-pause-bytes", "63kb"),
            "argument must be between 65536 and 1073741824 inclusive");
}

TEST_F(Directives, BytesAreWrittenWithTheLargestUnitThatFits) {
  all_.eviction.maxmemory.value(std::int64_t{3} << 30);
  EXPECT_THAT(all_.eviction.maxmemory.lines(), ElementsAre("maxmemory 3gb"));
  all_.eviction.maxmemory.value(1536 << 10);
  EXPECT_THAT(all_.eviction.maxmemory.lines(), ElementsAre("maxmemory 1536kb"));
  all_.eviction.maxmemory.value(1001);
  EXPECT_THAT(all_.eviction.maxmemory.lines(), ElementsAre("maxmemory 1001"));
}

TEST_F(Directives, TheLimitOfMemoryMayBeAWishWhoseValueIsFoundLater) {
  config::Limit& limit = all_.eviction.maxmemory;
  EXPECT_EQ(set("maxmemory", "0%"), "percentage argument must be between 1% and 100%");
  EXPECT_EQ(set("maxmemory", "1000"), "OK");
  EXPECT_EQ(set("maxmemory", "75%"), "OK");
  EXPECT_EQ(limit.value(), 0);
  limit.resolve(750);
  EXPECT_EQ(limit.print(), "750");
  EXPECT_THAT(limit.lines(), ElementsAre("maxmemory 75%"));
  EXPECT_EQ(set("maxmemory", "auto"), "OK");
  EXPECT_EQ(limit.value(), 750);
  EXPECT_THAT(limit.lines(), ElementsAre("maxmemory auto"));
  EXPECT_FALSE(limit.is_default());
  EXPECT_EQ(set("maxmemory", "5000"), "OK");
  limit.resolve(800);
  EXPECT_EQ(limit.value(), 5000);
}

TEST_F(Directives, SomeByteDirectivesAcceptPercentages) {
  EXPECT_EQ(taken("maxmemory-clients", "5%"), "5%");
  EXPECT_EQ(all_.eviction.maxmemory_clients.value(), -5);
  EXPECT_THAT(all_.eviction.maxmemory_clients.lines(), ElementsAre("maxmemory-clients 5%"));
  EXPECT_EQ(set("maxmemory-clients", "500%"), "percentage argument must be less or equal to 100");
  EXPECT_EQ(set("maxmemory-clients", "-3"), "argument must be a memory or percent value");
  EXPECT_EQ(set("maxmemory-clients", "-3%"), "argument must be a memory or percent value");
  EXPECT_EQ(taken("maxmemory-clients", "0"), "0");
}

TEST_F(Directives, TogglesAndChoicesIgnoreLetterCase) {
  EXPECT_EQ(taken("jemalloc-bg-thread", "NO"), "no");
  EXPECT_EQ(set("jemalloc-bg-thread", "maybe"), "argument must be 'yes' or 'no'");
  EXPECT_EQ(taken("maxmemory-policy", "AllKeys-LFU"), "allkeys-lfu");
  EXPECT_EQ(all_.eviction.maxmemory_policy.value(), 5);
  EXPECT_EQ(set("appendfsync", "never"),
            "argument(s) must be one of the following: everysec, always, no");
}

TEST_F(Directives, TextsMayRejectValues) {
  EXPECT_EQ(set("proc-title-template", "{x}"),
            "template format is invalid or contains unknown variables");
  EXPECT_EQ(set("proc-title-template", "{title"),
            "template format is invalid or contains unknown variables");
  EXPECT_EQ(taken("proc-title-template", "title} {port}"), "title} {port}");
  EXPECT_EQ(set("cluster-announce-hostname", "a b"),
            "Hostnames may only contain alphanumeric characters, hyphens or dots");
  EXPECT_EQ(set("cluster-announce-hostname", std::string(300, 'a')),
            "Hostnames must be less than 256 characters");
  const SetConditions allowed{.protected_allowed = true};
  EXPECT_EQ(all_.set({{"dbfilename", "a/b"}}, allowed),
            std::string(kFailed) + "dbfilename') - dbfilename can't be a path, just a filename");
  EXPECT_EQ(all_.set({{"dir", "/no/such"}}, allowed),
            std::string(kFailed) + "dir') - No such file or directory");
}

TEST_F(Directives, TextsAreWrittenInQuotes) {
  EXPECT_EQ(set("requirepass", "a b\"c"), "OK");
  EXPECT_THAT(all_.engine.requirepass.lines(), ElementsAre(R"(requirepass "a b\"c")"));
}

TEST_F(Directives, FlagsCombine) {
  EXPECT_EQ(taken("shutdown-on-sigterm", "force nosave"), "nosave force");
  EXPECT_EQ(all_.server.shutdown.shutdown_on_sigterm.value(),
            std::uint32_t{server::kShutdownNoSave | server::kShutdownForce});
  EXPECT_EQ(taken("shutdown-on-sigterm", "force default"), "force");
  EXPECT_EQ(taken("shutdown-on-sigterm", "default"), "default");
  EXPECT_EQ(set("shutdown-on-sigterm", "nosave save"),
            "shutdown options SAVE and NOSAVE can't be used simultaneously");
  EXPECT_EQ(set("shutdown-on-sigterm", ""),
            "argument(s) must be one of the following: default, save, nosave, now, force");
}

TEST_F(Directives, LettersAreShownInAFixedOrder) {
  EXPECT_EQ(taken("notify-keyspace-events", "KEA"), "AKE");
  EXPECT_EQ(taken("notify-keyspace-events", "KEAx"), "AKE");
  EXPECT_EQ(taken("notify-keyspace-events", "Knmd"), "dnKm");
  EXPECT_EQ(taken("notify-keyspace-events", "g$lshzxetdKE"), "AKE");
  EXPECT_EQ(taken("notify-keyspace-events", "E$"), "$E");
  EXPECT_EQ(taken("notify-keyspace-events", "An"), "An");
  EXPECT_EQ(taken("notify-keyspace-events", ""), "");
  EXPECT_EQ(set("notify-keyspace-events", "q"),
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
}

TEST_F(Directives, BufferLimitsChangeOnlyTheNamedClasses) {
  const std::string name = "client-output-buffer-limit";
  EXPECT_EQ(taken(name, "normal 1mb 2 3 replica 4 5 6"),
            "normal 1048576 2 3 slave 4 5 6 pubsub 33554432 8388608 60");
  EXPECT_THAT(all_.net.clients.client_output_buffer_limit.lines(),
              ElementsAre(name + " normal 1048576 2 3", name + " slave 4 5 6"));
  EXPECT_EQ(set(name, "master 1mb 2 3"),
            "Invalid client class specified in buffer limit configuration.");
  EXPECT_EQ(set(name, "normal 1mb x 3"),
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  EXPECT_EQ(set(name, "normal 1mb 3 -3"),
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  EXPECT_EQ(set(name, "normal 1mb"), "Wrong number of arguments in buffer limit configuration.");
  EXPECT_EQ(set(name, ""), "OK");
  EXPECT_EQ(all_.net.clients.client_output_buffer_limit.value(ClientClass::replica).hard_bytes, 4u);
}

TEST_F(Directives, NumberListsHaveAFixedLength) {
  const std::string name = "oom-score-adj-values";
  EXPECT_EQ(taken(name, "5 -2 3"), "5 -2 3");
  EXPECT_EQ(set(name, "1 2"), "wrong number of arguments");
  EXPECT_EQ(set(name, "1 2 x"),
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  EXPECT_EQ(set(name, "1 2 99999"),
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  EXPECT_THAT(all_.server.process.oom_score_adj_values.value(), ElementsAre(5, -2, 3));
}

TEST_F(Directives, SavePointsComeInPairs) {
  EXPECT_EQ(taken("save", "100 1 300 2"), "100 1 300 2");
  EXPECT_THAT(all_.persistence.snapshots.save.lines(), ElementsAre("save 100 1", "save 300 2"));
  for (const char* bad : {"100 1 300 x", "100 1 300", "100 1  300 2", "0 1", "1 -1"}) {
    EXPECT_EQ(set("save", bad), "Invalid save parameters") << bad;
  }
  EXPECT_EQ(taken("save", ""), "");
  EXPECT_THAT(all_.persistence.snapshots.save.lines(), ElementsAre("save \"\""));
}

TEST_F(Directives, PercentilesAreShownWithSixDigits) {
  const std::string name = "latency-tracking-info-percentiles";
  EXPECT_EQ(taken(name, "99.99 50.123456789 0"), "99.99 50.123457 0");
  EXPECT_EQ(set(name, "50 a"), "Invalid latency-tracking-info-percentiles parameters");
  EXPECT_EQ(set(name, "50 101"),
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  EXPECT_EQ(taken(name, ""), "");
}

TEST_F(Directives, BindAcceptsUpToSixteenAddresses) {
  EXPECT_EQ(taken("bind", "127.0.0.1 -::1"), "127.0.0.1 -::1");
  EXPECT_EQ(set("bind", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"),
            "Too many bind addresses specified.");
  EXPECT_EQ(taken("bind", ""), "");
  EXPECT_THAT(all_.net.listen.bind.value(), IsEmpty());
}

TEST_F(Directives, EndpointsAreAHostAndAPort) {
  EXPECT_EQ(all_.start({"--slaveof", "example.org", "6379"}), "OK");
  EXPECT_EQ(all_.get("replicaof"), "example.org 6379");
  EXPECT_EQ(all_.replication.replicaof.host(), "example.org");
  EXPECT_EQ(all_.replication.replicaof.port(), 6379);
  EXPECT_EQ(all_.start({"--replicaof", "no", "one"}), "OK");
  EXPECT_EQ(all_.get("slaveof"), "");
  for (const char* port : {"99999", "x", "-1"}) {
    EXPECT_THAT(all_.start({"--replicaof", "a", port}),
                testing::HasSubstr("\nInvalid master port\n"));
  }
  EXPECT_THAT(all_.start({"--replicaof", "a"}),
              testing::HasSubstr("\nwrong number of arguments\n"));
}

TEST_F(Directives, LinesKeepTheirOrder) {
  EXPECT_EQ(all_.start({"--user", "a", "on", "--rename-command", "GET", "", "--user", "b"}), "OK");
  EXPECT_THAT(all_.acl.user.value(), ElementsAre(ElementsAre("a", "on"), ElementsAre("b")));
  EXPECT_THAT(all_.engine.rename_command.value(), ElementsAre(ElementsAre("GET", "")));
  EXPECT_EQ(all_.set({{"user", "c"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'user'");
  EXPECT_THAT(all_.registry.get({"user"}), IsEmpty());
}

}  // namespace
}  // namespace larder::config
