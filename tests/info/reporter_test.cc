#include <gtest/gtest.h>

#include "larder/info/info.h"

namespace larder::info {
namespace {

struct First : Group {
  using Group::Group;
  void refresh() override { ++refreshed; }
  int refreshed = 0;
  Gauge rss{*this, "memory", "used_memory_rss"};
  Gauge own{*this, "memory", "a_field_of_our_own"};
  Counter hits{*this, "stats", "keyspace_hits"};
  Lines databases{*this, "keyspace"};
};

struct Second : Group {
  using Group::Group;
  Gauge used{*this, "memory", "used_memory"};
  Text policy{*this, "memory", "maxmemory_policy"};
  Counter commands{*this, "commandstats", "cmdstat_get"};
  Gauge offset{*this, "replication", "master_repl_offset"};
  Lines replicas{*this, "replication"};
  Text role{*this, "replication", "role"};
  Gauge cycles{*this, "debug", "eventloop_cmd_per_cycle_max"};
};

class Info : public testing::Test {
 protected:
  Info() {
    second_.policy = "noeviction";
    second_.replicas = "slave0:ip=::1\r\n";
    second_.role = "master";
    first_.databases = "db0:keys=1\r\ndb1:keys=2\r\n";
  }
  Reporter reporter_;
  First first_{reporter_};
  Second second_{reporter_};
};

TEST_F(Info, PrintsFieldsInRedissOrderForAnyGroups) {
  first_.rss = 7;
  second_.used = 5;
  EXPECT_EQ(reporter_.render({"memory"}),
            "# Memory\r\nused_memory:5\r\nused_memory_rss:7\r\nmaxmemory_policy:noeviction\r\n"
            "a_field_of_our_own:0\r\n");
}

TEST_F(Info, PrintsUnnamedLinesWhereTheyBelong) {
  EXPECT_EQ(reporter_.render({"replication"}),
            "# Replication\r\nrole:master\r\nslave0:ip=::1\r\nmaster_repl_offset:0\r\n");
  EXPECT_EQ(reporter_.render({"keyspace"}), "# Keyspace\r\ndb0:keys=1\r\ndb1:keys=2\r\n");
}

TEST_F(Info, SeparatesSectionsInRedissOrderEachOnce) {
  EXPECT_EQ(reporter_.render({"KEYSPACE", "nosuch", "stats", "Keyspace"}),
            "# Stats\r\nkeyspace_hits:0\r\n\r\n# Keyspace\r\ndb0:keys=1\r\ndb1:keys=2\r\n");
  EXPECT_EQ(reporter_.render({"nosuch"}), "");
}

std::string heads(const std::string& text) {
  std::string out;
  for (std::size_t at = text.find("# "); at != std::string::npos; at = text.find("# ", at + 1)) {
    out += text.substr(at + 2, text.find('\r', at) - at - 2) + " ";
  }
  return out;
}

TEST_F(Info, SelectsDefaultAndAllSections) {
  const std::string usual =
      "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster "
      "Keyspace ";
  const std::string all =
      "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats "
      "Latencystats Cluster Keyspace ";
  EXPECT_EQ(heads(reporter_.render({})), usual);
  EXPECT_EQ(heads(reporter_.render({"default", "memory"})), usual);
  EXPECT_EQ(heads(reporter_.render({"all"})), all);
  EXPECT_EQ(heads(reporter_.render({"everything"})), all);
  EXPECT_EQ(heads(reporter_.render({"debug"})), "Debug ");
  EXPECT_EQ(heads(reporter_.render({"module_list"})), "Modules ");
}

TEST_F(Info, RefreshesAGroupOnceAndOnlyWhenItIsPrinted) {
  reporter_.render({"memory", "stats", "keyspace"});
  EXPECT_EQ(first_.refreshed, 1);
  reporter_.render({"replication"});
  EXPECT_EQ(first_.refreshed, 1);
  EXPECT_EQ(reporter_.value("used_memory_rss"), "0");
  EXPECT_EQ(first_.refreshed, 2);
  EXPECT_EQ(reporter_.value("nosuch"), "");
}

TEST_F(Info, ResetsTheCountersOfTheStatistics) {
  ++first_.hits;
  first_.hits += 4;
  second_.used = 9;
  EXPECT_EQ(reporter_.value("keyspace_hits"), "5");
  reporter_.reset();
  EXPECT_EQ(reporter_.value("keyspace_hits"), "0");
  EXPECT_EQ(reporter_.value("used_memory"), "9");
}

TEST_F(Info, DropsTheFieldsOfADestroyedGroup) {
  {
    struct Third : Group {
      using Group::Group;
      Gauge hz{*this, "server", "hz"};
    } third(reporter_);
    EXPECT_EQ(reporter_.value("hz"), "0");
  }
  EXPECT_EQ(reporter_.value("hz"), "");
}

}  // namespace
}  // namespace larder::info
