#include "larder/config/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "all_settings.h"
#include "temporary_folder.h"

namespace larder::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

TEST(ConfigGet, ReturnsTheNameThatWasRequested) {
  const AllSettings all;
  EXPECT_THAT(all.registry.get({"PORT", "port", "po*"}), ElementsAre(Pair("PORT", "6379")));
  EXPECT_THAT(all.registry.get({"SLAVE-read-only", "replica-read-only", "slave-read*"}),
              ElementsAre(Pair("SLAVE-read-only", "yes"), Pair("replica-read-only", "yes")));
  EXPECT_THAT(all.registry.get({"*-max-lag"}),
              ElementsAre(Pair("min-replicas-max-lag", "10"), Pair("min-slaves-max-lag", "10")));
  EXPECT_THAT(all.registry.get({"nosuch", "nosuch*"}), IsEmpty());
}

TEST(ConfigGet, FindsHiddenDirectivesOnlyByName) {
  const AllSettings all;
  EXPECT_THAT(all.registry.get({"watchdog*"}), IsEmpty());
  EXPECT_THAT(all.registry.get({"watchdog-period"}), ElementsAre(Pair("watchdog-period", "0")));
}

class ConfigSet : public testing::Test {
 protected:
  AllSettings all_;
};

TEST_F(ConfigSet, ChangesAllPairs) {
  EXPECT_EQ(all_.set({{"hz", "20"}, {"MAXMEMORY", "1mb"}}), "OK");
  EXPECT_EQ(all_.engine.hz.value(), 20);
  EXPECT_EQ(all_.eviction.maxmemory.value(), 1 << 20);
}

TEST_F(ConfigSet, RejectsUnknownAndImmutableDirectives) {
  const std::string failed = "ERR CONFIG SET failed (possibly related to argument '";
  EXPECT_EQ(all_.set({{"maxmemory", "1"}, {"nosuch", "2"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  EXPECT_EQ(all_.set({{"nosuch", "2"}, {"databases", "4"}}),
            "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
  EXPECT_EQ(all_.set({{"databases", "4"}, {"nosuch", "2"}}),
            failed + "databases') - can't set immutable config");
  EXPECT_EQ(all_.set({{"slaveof", "a 1"}}), failed + "slaveof') - can't set immutable config");
  EXPECT_EQ(all_.set({{"hz", "1"}, {"Hz", "2"}}), failed + "Hz') - duplicate parameter");
  EXPECT_EQ(all_.get("maxmemory"), "0");
}

TEST_F(ConfigSet, OfAProtectedDirectiveNeedsPermission) {
  EXPECT_EQ(
      all_.set({{"dbfilename", "a"}}),
      "ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected "
      "config");
  EXPECT_EQ(all_.set({{"dbfilename", "a"}}, {.protected_allowed = true}), "OK");
  EXPECT_EQ(all_.get("dbfilename"), "a");
}

TEST_F(ConfigSet, OfAFileNeedsPermissionUnlessItIsTheSame) {
  for (const char* name :
       {"tls-cert-file", "tls-key-file", "tls-client-cert-file", "tls-client-key-file",
        "tls-dh-params-file", "tls-ca-cert-file", "tls-ca-cert-dir"}) {
    EXPECT_THAT(all_.set({{name, "a"}}), HasSubstr("can't set protected config")) << name;
    EXPECT_EQ(all_.set({{name, "a"}}, {.protected_allowed = true}), "OK") << name;
    EXPECT_EQ(all_.set({{name, "a"}}), "OK") << name;
    EXPECT_THAT(all_.set({{name, ""}}), HasSubstr("can't set protected config")) << name;
  }
}

TEST_F(ConfigSet, OfSomeDirectivesIsRejectedWhileLoading) {
  EXPECT_EQ(all_.set({{"appendonly", "yes"}}, {.loading = true}),
            "LOADING Redis is loading the dataset in memory");
  EXPECT_EQ(all_.set({{"hz", "12"}}, {.loading = true}), "OK");
}

TEST_F(ConfigSet, RestoresAllValuesAfterAWrongOne) {
  EXPECT_EQ(all_.set({{"hz", "20"}, {"save", "1 1"}, {"port", "x"}}),
            "ERR CONFIG SET failed (possibly related to argument 'port') - argument couldn't be "
            "parsed into an integer");
  EXPECT_EQ(all_.get("hz"), "10");
  EXPECT_EQ(all_.get("save"), "3600 1 300 100 60 10000");
}

TEST_F(ConfigSet, NotifiesTheWatchersOfChangedDirectives) {
  std::vector<std::string> notified;
  all_.engine.hz.watch([&]() -> base::Result<void> {
    notified.push_back("hz " + all_.get("hz"));
    return {};
  });
  all_.net.clients.timeout.watch([&]() -> base::Result<void> {
    notified.push_back("timeout " + all_.get("timeout"));
    return {};
  });
  EXPECT_EQ(all_.set({{"hz", "20"}, {"timeout", "0"}}), "OK");
  EXPECT_THAT(notified, ElementsAre("hz 20"));
  EXPECT_EQ(all_.start({"--hz", "30"}), "OK");
  EXPECT_EQ(notified.size(), 1u);
}

TEST_F(ConfigSet, NotifiesTheWatcherOfAFileThatIsSetAgain) {
  int notified = 0;
  all_.tls.tls_cert_file.watch([&]() -> base::Result<void> {
    ++notified;
    return {};
  });
  EXPECT_EQ(all_.set({{"tls-cert-file", "server.crt"}}, {.protected_allowed = true}), "OK");
  EXPECT_EQ(all_.set({{"tls-cert-file", "server.crt"}}), "OK");
  EXPECT_EQ(notified, 2);
}

TEST_F(ConfigSet, RestoresAllValuesIfAWatcherFails) {
  std::vector<std::string> notified;
  all_.engine.hz.watch([&]() -> base::Result<void> {
    notified.push_back(all_.get("hz"));
    return {};
  });
  all_.net.listen.bind.watch([&]() -> base::Result<void> {
    notified.push_back(all_.get("bind"));
    if (all_.get("bind") == "nowhere") return base::Error{"Failed to bind to specified addresses."};
    return {};
  });
  EXPECT_EQ(all_.set({{"hz", "20"}, {"bind", "nowhere"}}),
            "ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to "
            "specified addresses.");
  EXPECT_EQ(all_.get("hz"), "10");
  EXPECT_EQ(all_.get("bind"), "* -::*");
  EXPECT_THAT(notified, ElementsAre("20", "nowhere", "10", "* -::*"));
}

TEST_F(ConfigSet, RestoresPercentilesExactly) {
  const std::string name = "latency-tracking-info-percentiles";
  EXPECT_EQ(all_.set({{name, "50.123456789"}}), "OK");
  EXPECT_THAT(all_.set({{name, "1"}, {"hz", "x"}}), HasSubstr("failed"));
  EXPECT_THAT(all_.observe.latency_tracking_info_percentiles.value(), ElementsAre(50.123456789));
}

TEST(Registry, DropsTheDirectivesOfADestroyedGroup) {
  Registry registry("Redis 7.2.4");
  {
    const expiry::Settings settings(registry);
    EXPECT_NE(registry.find("active-expire-effort"), nullptr);
  }
  EXPECT_EQ(registry.find("active-expire-effort"), nullptr);
  EXPECT_THAT(registry.directives(), IsEmpty());
  const expiry::Settings again(registry);
  EXPECT_NE(registry.find("active-expire-effort"), nullptr);
}

class Rewrite : public testing::Test {
 protected:
  std::string rewrite(Extent extent = Extent::changed) {
    const auto done = all_.registry.rewrite(folder_.path("conf"), extent);
    return done ? folder_.read("conf") : done.error().text;
  }

  TemporaryFolder folder_;
  AllSettings all_;
};

TEST_F(Rewrite, KeepsCommentsOrderAndOtherLines) {
  folder_.write("sub", "tcp-keepalive 17\n");
  const std::string file =
      folder_.write("conf",
                    "# first\nport 7122\n\n\nslave-read-only no\nsave 100 1\nsave 200 2\n\n"
                    "hz 10\nhz 12\ninclude " +
                        folder_.path("sub") +
                        "\nuser default on\nrename-command FLUSHALL \"\"\n"
                        "maxmemory 10mb\nloglevel notice\n# end");
  EXPECT_EQ(all_.start({file, "--timeout", "7", "--requirepass", "a b"}), "OK");
  const std::string expected =
      "# first\nport 7122\n\nreplica-read-only no\nsave 100 1\nsave 200 2\n\nhz 12\n\ninclude " +
      folder_.path("sub") +
      "\nuser default on\nrename-command FLUSHALL \"\"\nmaxmemory 10mb\nloglevel notice\n# end\n"
      "# Generated by CONFIG REWRITE\ntimeout 7\nrequirepass \"a b\"\n";
  EXPECT_EQ(rewrite(), expected);
  EXPECT_EQ(rewrite(), expected);
}

TEST_F(Rewrite, RemovesSurplusLines) {
  folder_.write("conf", "save 100 1\nsave 200 2\nport 1\n");
  EXPECT_EQ(all_.start({folder_.path("conf")}), "OK");
  EXPECT_EQ(all_.set({{"save", ""}, {"port", "2"}}), "OK");
  EXPECT_EQ(rewrite(), "save \"\"\n\nport 2\n");
}

TEST_F(Rewrite, AddsItsSignatureOnce) {
  folder_.write("conf", "port 1\n# Generated by CONFIG REWRITE\nhz 20\n");
  EXPECT_EQ(all_.start({folder_.path("conf"), "--timeout", "5"}), "OK");
  EXPECT_EQ(rewrite(), "port 1\n# Generated by CONFIG REWRITE\nhz 20\ntimeout 5\n");
}

TEST_F(Rewrite, CommentsOutLinesThatCannotBeParsed) {
  folder_.write("conf", "port 6379\nfoo \"bar\n");
  EXPECT_EQ(rewrite(), "port 6379\n# ??? foo \"bar\n");
}

TEST_F(Rewrite, CreatesAMissingFile) {
  EXPECT_EQ(all_.set({{"hz", "20"}}), "OK");
  EXPECT_EQ(rewrite(), "# Generated by CONFIG REWRITE\nhz 20\n");
}

TEST_F(Rewrite, KeepsTheModeAndLeavesNoOtherFile) {
  const std::string file = folder_.write("conf", "port 1\n");
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  rewrite();
  struct stat found {};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
  EXPECT_EQ(folder_.files(), 1u);
}

TEST_F(Rewrite, KeepsASymbolicLinkAndWritesItsTarget) {
  folder_.write("target", "port 1\n");
  std::filesystem::create_symlink("target", folder_.path("link"));
  std::filesystem::create_symlink(folder_.path("link"), folder_.path("conf"));
  EXPECT_EQ(all_.set({{"hz", "20"}}), "OK");
  const std::string expected = "port 6379\n# Generated by CONFIG REWRITE\nhz 20\n";
  EXPECT_EQ(rewrite(), expected);
  EXPECT_EQ(std::filesystem::read_symlink(folder_.path("conf")), folder_.path("link"));
  EXPECT_EQ(std::filesystem::read_symlink(folder_.path("link")), "target");
  EXPECT_FALSE(std::filesystem::is_symlink(folder_.path("target")));
  EXPECT_EQ(folder_.read("target"), expected);
}

// With a predictable name, an attacker could create a link to another file under it in advance.
TEST_F(Rewrite, DoesNotReuseAnExistingTemporaryFile) {
  folder_.write("conf", "port 1\n");
  const std::string victim = folder_.write("victim", "untouched");
  const std::string guess = "conf." + std::to_string(::getpid()) + ".tmp";
  std::filesystem::create_symlink(victim, folder_.path(guess));
  rewrite();
  EXPECT_EQ(folder_.read("victim"), "untouched");
}

TEST_F(Rewrite, LeavesTheOldFileIntactWhenItFails) {
  const std::string file = folder_.write("conf", "port 1\n");
  EXPECT_EQ(all_.set({{"hz", "20"}}), "OK");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto done = all_.registry.rewrite(file);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().text, "ERR Rewriting config file: File too large");
  EXPECT_EQ(folder_.read("conf"), "port 1\n");
  EXPECT_EQ(folder_.files(), 1u);
}

class RewriteWithIncludes : public Rewrite {
 protected:
  // Starts with a main file and an included one, makes the changes, rewrites, and starts again.
  void restart_after(const std::string& included, const std::string& main,
                     const std::vector<std::pair<std::string, std::string>>& changes) {
    folder_.write("sub", included);
    folder_.write("conf", main);
    ASSERT_EQ(all_.start({folder_.path("conf")}), "OK");
    ASSERT_EQ(changes.empty() ? "OK" : all_.set(changes), "OK");
    text_ = rewrite();
    EXPECT_EQ(folder_.read("sub"), included);
    AllSettings again;
    ASSERT_EQ(again.start({folder_.path("conf")}), "OK") << text_;
    EXPECT_EQ(again.registry.get({"*"}), all_.registry.get({"*"})) << text_;
    EXPECT_EQ(rewrite(), text_);
  }
  std::string include() const { return "include " + folder_.path("sub") + "\n"; }

  std::string text_;
};

TEST_F(RewriteWithIncludes, DoesNotRepeatIncludedLines) {
  restart_after("maxmemory 50mb\nrequirepass \"a b\"\n", "port 1\n" + include(), {});
  EXPECT_EQ(text_, "port 1\n" + include());
}

TEST_F(RewriteWithIncludes, WritesChangesAfterIncludes) {
  restart_after("maxmemory 50mb\nhz 20\n", "maxmemory 1mb\n" + include() + "hz 30\nport 1\n",
                {{"maxmemory", "60mb"}, {"hz", "40"}});
  EXPECT_EQ(text_,
            "\n" + include() + "hz 40\nport 1\n# Generated by CONFIG REWRITE\nmaxmemory 60mb\n");
}

TEST_F(RewriteWithIncludes, WritesADefaultThatAnIncludeOverrides) {
  restart_after(
      "hz 20\nrequirepass secret\nreplicaof 127.0.0.1 7000\nnotify-keyspace-events KEA\n"
      "client-output-buffer-limit pubsub 1mb 1mb 1\nsave 60 1\nsave 70 2\n",
      include(),
      {{"hz", "10"},
       {"requirepass", ""},
       {"notify-keyspace-events", ""},
       {"client-output-buffer-limit", "pubsub 33554432 8388608 60"},
       {"save", "3600 1 300 100 60 10000"}});
  EXPECT_THAT(text_, HasSubstr("\nhz 10\n"));
}

TEST_F(RewriteWithIncludes, DoesNotRepeatSavePoints) {
  restart_after("save 60 1\n", "save 70 2\n" + include() + "save 80 3\n", {});
}

TEST_F(RewriteWithIncludes, RevokesIncludedSavePoints) {
  restart_after("save 60 1\n", "save 70 2\n" + include() + "save 80 3\n", {{"save", ""}});
}

TEST_F(RewriteWithIncludes, ResolvesIncludesAgainstTheStartDirectory) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path(""));
  folder_.write("sub", "hz 20\n");
  folder_.write("conf", "include s*b\ninclude sub\n");
  EXPECT_EQ(all_.start({"conf"}), "OK");
  std::filesystem::current_path("/");
  EXPECT_EQ(all_.set({{"hz", "30"}}), "OK");
  EXPECT_EQ(rewrite(), "include s*b\ninclude sub\n# Generated by CONFIG REWRITE\nhz 30\n");
  std::filesystem::current_path(before);
}

TEST_F(RewriteWithIncludes, ReportsAMissingInclude) {
  folder_.write("conf", "include /no/such/file\n");
  EXPECT_EQ(rewrite(), "ERR Rewriting config file: /no/such/file: No such file or directory");
}

TEST_F(Rewrite, ReportsWhyItFails) {
  EXPECT_EQ(all_.registry.rewrite("").error().text,
            "ERR The server is running without a config file");
  EXPECT_EQ(all_.registry.rewrite("/no/such/conf").error().text,
            "ERR Rewriting config file: No such file or directory");
}

TEST_F(Rewrite, OfAllDirectivesCanBeLoaded) {
  EXPECT_EQ(all_.set({{"hz", "20"}, {"notify-keyspace-events", "KEA"}}), "OK");
  EXPECT_THAT(rewrite(Extent::all), HasSubstr("\nlatency-tracking-info-percentiles 50 99 99.9\n"));
  AllSettings again;
  EXPECT_EQ(again.start({folder_.path("conf")}), "OK");
  EXPECT_EQ(again.registry.get({"*"}), all_.registry.get({"*"}));
}

TEST(PrintFile, CanBeLoadedAndChangesNothing) {
  const AllSettings all;
  AllSettings loaded;
  EXPECT_EQ(loaded.load({{}, all.registry.print_file(), {}}), "OK");
  EXPECT_EQ(loaded.registry.get({"*"}), all.registry.get({"*"}));
}

TEST(PrintFile, PrintsEachDirectiveOnceWithItsHelp) {
  const AllSettings all;
  const std::string text = all.registry.print_file();
  EXPECT_THAT(text, HasSubstr("\n## Memory limit and eviction\n"));
  EXPECT_THAT(text, HasSubstr("# Number of keys that each round of eviction samples;"));
  EXPECT_THAT(text, HasSubstr("\n# Values: 1 or more. Default: 5. Changes at run time.\n"
                              "maxmemory-samples 5\n"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "\n# (accepted and reported, but without effect yet)\ncluster-node-timeout 15000\n"));
  EXPECT_THAT(text, HasSubstr("\n# replicaof <host port>\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nwatchdog-period")));
  for (const Directive* directive : all.registry.directives()) {
    if (directive->has(kHidden)) continue;
    EXPECT_THAT(text, HasSubstr(std::string(directive->name()) + ' '));
  }
}

TEST(PrintReference, MarksDirectivesWithoutEffect) {
  const AllSettings all;
  const std::string text = all.registry.print_reference();
  EXPECT_THAT(text, HasSubstr("\n## Keyspace\n\n| directive |"));
  EXPECT_THAT(text, HasSubstr("\n| `databases` | 1 to 65536 | `16` | at the start | "));
  EXPECT_THAT(text, HasSubstr("\n| `repl-timeout` | "));
  EXPECT_THAT(text, HasSubstr(" *No effect yet.* |\n"));
}

}  // namespace
}  // namespace larder::config
