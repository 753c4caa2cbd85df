#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "all_settings.h"
#include "temporary_folder.h"

namespace larder::config {
namespace {

using testing::ElementsAre;

std::string report(int line, const std::string& directive, const std::string& reason) {
  return "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nReading the configuration file, at "
         "line " +
         std::to_string(line) + "\n>>> '" + directive + "'\n" + reason + "\n";
}

constexpr const char* kUnknown = "Bad directive or wrong number of arguments";

TEST(CommandLine, AcceptsAllFormsOfAnOption) {
  const std::vector<std::vector<std::string>> forms = {
      {"--maxmemory", "700mb"}, {"--maxmemory 700mb"},
      {"--maxmemory '700mb'"},  {"--maxmemory \"700mb\""},
      {"--MaxMemory", "700MB"}, {"--maxmemory", "1", "--maxmemory", "700mb"},
  };
  for (const auto& form : forms) {
    AllSettings all;
    EXPECT_EQ(all.start(form), "OK") << testing::PrintToString(form);
    EXPECT_EQ(all.get("maxmemory"), "734003200") << testing::PrintToString(form);
  }
}

TEST(CommandLine, FirstOptionAfterTheFileNeedsNoDashes) {
  const TemporaryFolder folder;
  const std::string file = folder.write("conf", "loglevel notice\nport 1\n");
  AllSettings all;
  EXPECT_EQ(all.start({file, "loglevel", "verbose", "--port", "7000"}), "OK");
  EXPECT_EQ(all.get("loglevel"), "verbose");
  EXPECT_EQ(all.get("port"), "7000");
}

TEST(CommandLine, FirstValueMayBeginWithDashes) {
  AllSettings all;
  EXPECT_EQ(all.start({"--proc-title-template", "--my--title", "--port", "5"}), "OK");
  EXPECT_EQ(all.get("proc-title-template"), "--my--title");
  EXPECT_EQ(all.get("port"), "5");
  EXPECT_EQ(all.start({"--port", "--loglevel", "verbose"}),
            report(2, "port \"--loglevel\" \"verbose\"", "wrong number of arguments"));
}

TEST(CommandLine, SeveralValuesMayBeOneArgument) {
  AllSettings all;
  EXPECT_EQ(all.start({"--shutdown-on-sigterm", "nosave force", "--oom-score-adj-values", "1 2  3",
                       "--bind", "127.0.0.1  ::1", "--client-output-buffer-limit", "normal 1 2 3"}),
            "OK");
  EXPECT_EQ(all.get("shutdown-on-sigterm"), "nosave force");
  EXPECT_EQ(all.get("oom-score-adj-values"), "1 2 3");
  EXPECT_THAT(all.net.listen.bind.value(), ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(all.net.clients.client_output_buffer_limit.value(ClientClass::normal).hard_bytes, 1u);
}

TEST(CommandLine, SaveWithoutValueMeansNoSavePoints) {
  const std::vector<std::vector<std::string>> forms = {
      {"--save"},      {"--save", ""}, {"--save", "--port", "7"}, {"--save", "", "--port", "7"},
      {"--save \"\""},
  };
  for (const auto& form : forms) {
    AllSettings all;
    EXPECT_EQ(all.start(form), "OK") << testing::PrintToString(form);
    EXPECT_EQ(all.get("save"), "") << testing::PrintToString(form);
  }
}

TEST(CommandLine, SavePointsReplaceTheDefaultAndAddToTheFiles) {
  const TemporaryFolder folder;
  const std::string file = folder.write("conf", "save 900 1\n");
  AllSettings fresh;
  EXPECT_EQ(fresh.start({"--save", "100", "100"}), "OK");
  EXPECT_EQ(fresh.get("save"), "100 100");
  AllSettings added;
  EXPECT_EQ(added.start({file, "--save", "100", "100"}), "OK");
  EXPECT_EQ(added.get("save"), "900 1 100 100");
  AllSettings emptied;
  EXPECT_EQ(emptied.start({file, "--save", ""}), "OK");
  EXPECT_EQ(emptied.get("save"), "");
}

TEST(CommandLine, DashMeansStandardInput) {
  EXPECT_TRUE(read_command_line({"-"}).standard_input);
  EXPECT_TRUE(read_command_line({"--port", "1", "-"}).standard_input);
  EXPECT_FALSE(read_command_line({"--save", "-", "--port", "1"}).standard_input);
  AllSettings all;
  EXPECT_EQ(all.start({"-", "--port", "7"}, "port 6\ntimeout 3\n"), "OK");
  EXPECT_EQ(all.get("port"), "7");
  EXPECT_EQ(all.get("timeout"), "3");
  EXPECT_EQ(all.start({"-"}, "foo 1"), report(1, "foo 1", kUnknown));
}

TEST(CommandLine, ArgumentsKeepAllBytes) {
  AllSettings all;
  const std::string odd = "a b\"c'\\\n\x01\xff";
  EXPECT_EQ(all.start({"--requirepass", odd}), "OK");
  EXPECT_EQ(all.get("requirepass"), odd);
}

TEST(CommandLine, WrongOptionsAreReported) {
  const struct {
    std::vector<std::string> arguments;
    int line;
    std::string directive;
    std::string reason;
  } cases[] = {
      {{"--port"}, 2, "port", "wrong number of arguments"},
      {{"--port", "1", "extra"}, 2, "port \"1\" \"extra\"", "wrong number of arguments"},
      {{"--port", "1", "--foo"}, 3, "foo", kUnknown},
      {{"--port", "1", "--foo", "bar", "baz"}, 3, "foo \"bar\" \"baz\"", kUnknown},
      {{"--port", "'1'"}, 2, "port \"'1'\"", "argument couldn't be parsed into an integer"},
      {{"-x"}, 2, "\"-x\"", kUnknown},
      {{"--user"}, 2, "user", kUnknown},
      {{"--include"}, 2, "include", kUnknown},
      {{"--rename-command", "get"}, 2, "rename-command \"get\"", kUnknown},
      {{"--user", "foo", "--user", "foo"},
       3,
       "user \"foo\"",
       "Error in user declaration 'foo': Duplicate user found. A user can only be defined once in "
       "config files"},
      {{"--save", "1"}, 2, "save \"1\"", "Invalid save parameters"},
      {{"--appendfilename", "a/b"},
       2,
       "appendfilename \"a/b\"",
       "appendfilename can't be a path, just a filename"},
      {{"--appendfilename", ""}, 2, "appendfilename \"\"", "appendfilename can't be empty"},
      {{"--dir", "/no/such"}, 2, "dir \"/no/such\"", "No such file or directory"},
      {{"--shutdown-on-sigterm"},
       2,
       "shutdown-on-sigterm",
       "argument(s) must be one of the following: default, save, nosave, now, force"},
      {{"--notify-keyspace-events"}, 2, "notify-keyspace-events", "wrong number of arguments"},
      {{"--replicaof", ""}, 2, "replicaof \"\"", "wrong number of arguments"},
  };
  for (const auto& each : cases) {
    AllSettings all;
    EXPECT_EQ(all.start(each.arguments), report(each.line, each.directive, each.reason));
  }
}

TEST(File, ReadsCommentsBlanksQuotesAndCarriageReturns) {
  const TemporaryFolder folder;
  const std::string file = folder.write(
      "conf", "# port 1\r\n\r\n  PORT\t7000 \r\nlogfile \"\\x2fdev/null\"\r\nrequirepass 'it\\'s'");
  AllSettings all;
  EXPECT_EQ(all.start({file}), "OK");
  EXPECT_EQ(all.get("port"), "7000");
  EXPECT_EQ(all.get("logfile"), "/dev/null");
  EXPECT_EQ(all.get("requirepass"), "it's");
}

TEST(File, TheLastOfTwoEqualDirectivesApplies) {
  AllSettings all;
  EXPECT_EQ(all.load({{}, "hz 10\nslave-priority 3\nhz 20\nreplica-priority 4\n", {}}), "OK");
  EXPECT_EQ(all.get("hz"), "20");
  EXPECT_EQ(all.get("slave-priority"), "4");
}

TEST(File, ReportsTheLineThatIsWrong) {
  AllSettings all;
  EXPECT_EQ(all.load({{}, "port 1\n\n# c\nloglevel \"ver\"x\n", {}}),
            report(4, "loglevel \"ver\"x", "Unbalanced quotes in configuration line"));
  EXPECT_EQ(all.load({{}, "  LOGLEVEL 'it\\'s'  \r\n", {}}),
            report(1, "LOGLEVEL 'it\\'s'",
                   "argument(s) must be one of the following: debug, verbose, notice, warning, "
                   "nothing"));
}

TEST(File, CountsTheLineBetweenTheFileAndTheOptions) {
  const TemporaryFolder folder;
  const std::string file = folder.write("conf", "port 1\nhz 3\n");
  AllSettings all;
  EXPECT_EQ(all.start({file, "foo", "bar"}), report(4, "\"foo\" \"bar\"", kUnknown));
}

TEST(File, AnUnreadableFileIsNamed) {
  AllSettings all;
  EXPECT_EQ(all.start({"/no/such.conf"}),
            "Fatal error, can't open config file '/no/such.conf': No such file or directory");
  EXPECT_EQ(all.start({"--include", "/no/such.conf"}),
            "Fatal error, can't open config file '/no/such.conf': No such file or directory");
}

TEST(Include, ReadsOtherFilesByNameAndPattern) {
  const TemporaryFolder folder;
  folder.write("a.inc", "hz 30\n");
  folder.write("b.inc", "timeout 4\n");
  AllSettings all;
  EXPECT_EQ(all.start({"--include", folder.path("*.inc"), "--include", folder.path("*.none")}),
            "OK");
  EXPECT_EQ(all.get("hz"), "30");
  EXPECT_EQ(all.get("timeout"), "4");
}

TEST(Include, ReportsTheLineOfTheIncludedFile) {
  const TemporaryFolder folder;
  const std::string file = folder.write("conf", "include " + folder.path("sub") + "\n");
  folder.write("sub", "\n\nfoo bar\n");
  AllSettings all;
  EXPECT_EQ(all.start({file}), report(3, "foo bar", kUnknown));
}

TEST(Include, OfItselfIsRejected) {
  const TemporaryFolder folder;
  const std::string file = folder.write("conf", "include " + folder.path("conf") + "\n");
  AllSettings all;
  EXPECT_THAT(all.start({file}), testing::HasSubstr("nested too deeply"));
}

// A file that existing tools write.
TEST(File, FilesOfCommonToolsAreAccepted) {
  const std::string text =
      "always-show-logo yes\nnotify-keyspace-events KEA\ndaemonize no\npidfile /var/run/redis.pid\n"
      "port 21111\ntimeout 0\nbind 127.0.0.1\nloglevel verbose\nlogfile ''\ndatabases 16\n"
      "latency-monitor-threshold 1\nrepl-diskless-sync-delay 0\nsave ''\nrdbcompression yes\n"
      "dbfilename dump.rdb\ndir ./tests\nslave-serve-stale-data yes\nappendonly no\n"
      "appendfsync everysec\nno-appendfsync-on-rewrite no\nactiverehashing yes\n"
      "enable-protected-configs yes\nenable-debug-command yes\nenable-module-command yes\n"
      "propagation-error-behavior panic\nshutdown-on-sigterm force\nunixsocket /tmp/socket\n";
  AllSettings all;
  EXPECT_EQ(all.load({{}, text, {}}), "OK");
  EXPECT_EQ(all.get("notify-keyspace-events"), "AKE");
  EXPECT_EQ(all.get("save"), "");
  EXPECT_EQ(all.get("shutdown-on-sigterm"), "force");
  EXPECT_EQ(all.get("dir"), "./tests");
}

TEST(Load, RejectsModules) {
  AllSettings all;
  EXPECT_THAT(
      all.load({.input = "port 1\nloadmodule /lib/m.so a b\n"}),
      testing::HasSubstr("at line 2\n>>> 'loadmodule /lib/m.so a b'\nModules are not supported"));
}

TEST(Load, RemembersThePositionOfKeptLines) {
  AllSettings all;
  ASSERT_EQ(all.load({.input = "user a on\nport 1\nrename-command X y\nuser b off\n"}), "OK");
  EXPECT_EQ(all.registry.report(all.acl.user, 1, "why"),
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***\nReading the configuration file, at "
            "line 4\n>>> 'user b off'\nwhy\n");
  EXPECT_THAT(all.registry.report(all.engine.rename_command, 0, "why"),
              testing::HasSubstr("at line 3\n"));
}

TEST(Load, ListsDirectivesWithoutEffect) {
  AllSettings all;
  EXPECT_TRUE(all.registry.set_without_effect().empty());
  ASSERT_EQ(
      all.load(
          {.input =
               "cluster-migration-barrier 2\nhz 20\nappendonly yes\ncluster-node-timeout 5\n"}),
      "OK");
  std::vector<std::string_view> names;
  for (const Directive* directive : all.registry.set_without_effect())
    names.push_back(directive->name());
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("cluster-migration-barrier", "cluster-node-timeout"));
}

}  // namespace
}  // namespace larder::config
