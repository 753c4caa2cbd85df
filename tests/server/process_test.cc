#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/server/child.h"

namespace larder::server {
namespace {

bool ended_well(std::optional<int> status) {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
}
bool failed(std::optional<int> status) {
  return status && WIFEXITED(*status) && WEXITSTATUS(*status) == 1;
}

TEST(Process, PrintsItsVersionAndExits) {
  Child child;
  child.start({"--version"});
  EXPECT_TRUE(ended_well(child.wait()));
  EXPECT_EQ(child.output().rfind("Larder server v=7.2.6 ", 0), 0u) << child.output();
}

TEST(Process, ServesAndShutsDownOnSigterm) {
  Child child;
  ASSERT_TRUE(child.serve({"--pidfile", child.path("pid"), "--always-show-logo", "yes"}));
  EXPECT_EQ(child.ask("PING"), "+PONG\r\n");
  EXPECT_EQ(read_file(child.path("pid")), std::to_string(child.pid()) + "\n");
  const std::string text = child.output();
  EXPECT_LT(text.find(" PID: " + std::to_string(child.pid())), text.find("Server initialized"));
  EXPECT_LT(text.find("Server initialized"), text.find("Ready to accept connections unix"));
  EXPECT_TRUE(ended_well(child.end(SIGTERM)));
  EXPECT_NE(child.output().find("ready to exit, bye bye"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(child.path("pid")));
  EXPECT_FALSE(std::filesystem::exists(child.path("socket")));
}

TEST(Process, ContinuesIfSavingAtShutdownFails) {
  Child child;
  // A folder in the place of the snapshot.
  std::filesystem::create_directory(child.path("taken.rdb"));
  ASSERT_TRUE(child.serve(
      {"--shutdown-on-sigint", "save", "--save", "", "--enable-protected-configs", "yes"}));
  EXPECT_EQ(child.ask("CONFIG SET dbfilename taken.rdb"), "+OK\r\n");
  ::kill(child.pid(), SIGINT);
  EXPECT_TRUE(child.wrote("Errors trying to shut down"));
  EXPECT_EQ(child.ask("PING"), "+PONG\r\n");
  EXPECT_TRUE(ended_well(child.end(SIGTERM)));
}

TEST(Process, RejectsAWrongOption) {
  Child child;
  child.start({"--port", "--loglevel", "verbose"});
  EXPECT_TRUE(failed(child.wait()));
  EXPECT_NE(child.output().find(">>> 'port \"--loglevel\" \"verbose\"'"), std::string::npos)
      << child.output();
}

TEST(Process, ReportsTheLineThatNamesAnUnknownCommand) {
  Child child;
  child.start({"-", "--port", "0"}, "rename-command SAVE \"\"\nrename-command NOSUCH x\n");
  EXPECT_TRUE(failed(child.wait()));
  EXPECT_NE(child.output().find("at line 2\n>>> 'rename-command NOSUCH x'\nNo such command in "
                                "rename-command"),
            std::string::npos)
      << child.output();
}

// Directives from hardening guides, which may name commands that do not exist.
TEST(Process, StartsWithHardenedConfigurations) {
  std::string lines =
      "user app on nopass ~app:* +@all -@scripting -@dangerous -bgsave +script|load\n";
  for (const char* name :
       {"SAVE",     "BGSAVE", "BGREWRITEAOF", "SLAVEOF",  "REPLICAOF", "EVAL",
        "EVALSHA",  "SCRIPT", "FUNCTION",     "FCALL",    "CLUSTER",   "MIGRATE",
        "MODULE",   "PSYNC",  "SYNC",         "REPLCONF", "FAILOVER",  "RESTORE-ASKING",
        "SHUTDOWN", "KEYS",   "DEBUG",        "CONFIG",   "FLUSHALL"}) {
    lines += "rename-command " + std::string(name) + " \"\"\n";
  }
  Child child;
  ASSERT_TRUE(child.serve({"-"}, lines)) << child.output();
  for (const char* gone : {"SAVE", "CLUSTER INFO", "CONFIG GET port"}) {
    EXPECT_EQ(child.ask(gone).rfind("-ERR unknown command", 0), 0u) << gone;
  }
}

TEST(Process, LogsDirectivesWithoutEffect) {
  Child child;
  ASSERT_TRUE(child.serve({"--cluster-node-timeout", "62"}));
  EXPECT_TRUE(
      child.wrote("The configuration sets 'cluster-node-timeout', which has no effect yet"));
  EXPECT_EQ(child.ask("CONFIG SET cluster-node-timeout 61"), "+OK\r\n");
  EXPECT_TRUE(child.wrote("CONFIG SET of 'cluster-node-timeout', which has no effect yet"));
  EXPECT_EQ(child.ask("CONFIG SET cluster-node-timeout 60 hz 20"), "+OK\r\n");
  EXPECT_EQ(child.output().find("CONFIG SET of 'hz'"), std::string::npos);
  EXPECT_TRUE(ended_well(child.end(SIGTERM)));
  EXPECT_NE(child.output().find("DB saved on disk"), std::string::npos);
}

TEST(Process, SavesNothingIfNoneIsConfigured) {
  Child without;
  ASSERT_TRUE(without.serve({"--save", ""}));
  EXPECT_TRUE(ended_well(without.end(SIGTERM)));
  EXPECT_EQ(without.output().find("DB saved"), std::string::npos);
  Child nosave;
  ASSERT_TRUE(nosave.serve({"--shutdown-on-sigterm", "nosave"}));
  EXPECT_TRUE(ended_well(nosave.end(SIGTERM)));
  EXPECT_EQ(nosave.output().find("DB saved"), std::string::npos);
}

// Files that the server creates are not writable by all users, for any umask.
TEST(Process, CreatesFilesThatOnlyItsUserMayWrite) {
  Child child;
  const mode_t before = ::umask(0);
  const bool serves = child.serve({"--pidfile", child.path("pid"), "--unixsocketperm", "700"});
  ::umask(before);
  ASSERT_TRUE(serves);
  struct stat found {};
  ASSERT_EQ(::stat(child.path("pid").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0644u);
  ASSERT_EQ(::stat(child.path("socket").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
}

int oom_score(const Child& child) {
  return std::stoi(read_file("/proc/" + std::to_string(child.pid()) + "/oom_score_adj"));
}

TEST(Process, RestoresItsOomScore) {
  Child child;
  ASSERT_TRUE(child.serve({"--oom-score-adj-values", "10 20 30"}));
  const int before = oom_score(child) + 5;
  std::ofstream("/proc/" + std::to_string(child.pid()) + "/oom_score_adj") << before;
  ASSERT_EQ(oom_score(child), before);
  EXPECT_EQ(child.ask("CONFIG SET oom-score-adj yes"), "+OK\r\n");
  EXPECT_EQ(oom_score(child), before + 10);
  EXPECT_EQ(child.ask("CONFIG SET oom-score-adj-values \"15 20 30\""), "+OK\r\n");
  EXPECT_EQ(oom_score(child), before + 15);
  EXPECT_EQ(child.ask("CONFIG SET oom-score-adj absolute"), "+OK\r\n");
  EXPECT_EQ(oom_score(child), 15);
  EXPECT_EQ(child.ask("CONFIG SET oom-score-adj no"), "+OK\r\n");
  EXPECT_EQ(oom_score(child), before);
}

TEST(Process, KeepsTheOomDirectiveIfTheScoreCannotChange) {
  const char* const refused =
      "-ERR CONFIG SET failed (possibly related to argument 'oom-score-adj%s') - Failed to apply "
      "new oom_score_adj configuration, check server logs.\r\n";
  const auto refusal = [refused](const char* end) {
    std::string text = refused;
    return text.replace(text.find("%s"), 2, end);
  };
  Child child;
  // Without this capability the score can only be raised.
  child.before_exec([] { ::prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0); });
  ASSERT_TRUE(child.serve({"--oom-score-adj-values", "-1000 -1000 -1000"}));
  const int before = oom_score(child);
  EXPECT_EQ(child.ask("CONFIG SET oom-score-adj yes"), refusal(""));
  EXPECT_EQ(child.ask("CONFIG GET oom-score-adj"), "*2\r\n$13\r\noom-score-adj\r\n$2\r\nno\r\n");
  EXPECT_EQ(oom_score(child), before);
  EXPECT_EQ(child.ask("CONFIG SET oom-score-adj-values \"7 100 100\" oom-score-adj yes"),
            "+OK\r\n");
  EXPECT_EQ(oom_score(child), before + 7);
  EXPECT_EQ(child.ask("CONFIG SET oom-score-adj-values \"-1000 -1000 -1000\""), refusal("-values"));
  EXPECT_EQ(oom_score(child), before + 7);
  EXPECT_NE(child.ask("CONFIG GET oom-score-adj-values").find("7 100 100"), std::string::npos);
}

TEST(Process, ExitsIfItsPortIsInUse) {
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  socklen_t size = sizeof address;
  ::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = std::to_string(ntohs(address.sin_port));
  Child child;
  child.start({"--bind", "127.0.0.1", "--port", port});
  EXPECT_TRUE(failed(child.wait()));
  EXPECT_NE(child.output().find("Failed listening on port " + port), std::string::npos);
  EXPECT_EQ(child.output().find("Server initialized"), std::string::npos);
  ::close(taken);
}

TEST(Process, ExitsIfTlsCannotBeConfigured) {
  Child child;
  child.start({"--port", "0", "--tls-port", "1"});
  EXPECT_TRUE(failed(child.wait()));
  const std::string text = child.output();
  EXPECT_LT(text.find("No tls-cert-file configured!"),
            text.find("Failed to configure TLS. Check logs for more info."));
  EXPECT_EQ(text.find("Server initialized"), std::string::npos);
}

TEST(Process, AcceptsTlsDirectivesWithoutATlsPort) {
  Child child;
  ASSERT_TRUE(child.serve({"--enable-protected-configs", "local"}));
  EXPECT_EQ(child.ask("CONFIG SET tls-cert-file /nowhere"), "+OK\r\n");
  EXPECT_EQ(
      child.ask("CONFIG SET tls-port 1"),
      "-ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to update TLS "
      "configuration. Check server logs.\r\n");
  EXPECT_TRUE(child.wrote("No tls-key-file configured!"));
  EXPECT_EQ(child.ask("CONFIG GET tls-port"), "*2\r\n$8\r\ntls-port\r\n$1\r\n0\r\n");
}

TEST(Process, ReadsItsConfigurationFromStandardInput) {
  Child child;
  ASSERT_TRUE(child.serve({"-"}, "loglevel verbose\nmaxclients 17\n"));
  EXPECT_EQ(child.ask("CONFIG GET maxclients"), "*2\r\n$10\r\nmaxclients\r\n$2\r\n17\r\n");
}

TEST(Process, WritesItsLogToTheConfiguredFile) {
  Child child;
  child.start({"--port", "0", "--unixsocket", child.path("socket"), "--logfile", "log", "--dir",
               child.folder()});
  ASSERT_TRUE(wait_for(
      [&] { return read_file(child.path("log")).find("Ready to accept") != std::string::npos; }));
  EXPECT_EQ(child.output(), "");
  EXPECT_TRUE(ended_well(child.end(SIGTERM)));
}

TEST(Process, ShowsItsTitle) {
  Child child;
  ASSERT_TRUE(child.serve({"--proc-title-template", "pantry {unixsocket}"}));
  const std::string title = read_file("/proc/" + std::to_string(child.pid()) + "/cmdline");
  EXPECT_EQ(title.substr(0, title.find('\0')), "pantry " + child.path("socket"));
}

TEST(Process, ReportsACrashAndDiesOfTheSignal) {
  Child child;
  ASSERT_TRUE(child.serve({"--enable-debug-command", "yes"}));
  child.ask("DEBUG SEGFAULT");
  const auto status = child.wait();
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == SIGSEGV) << *status;
  const std::string text = child.output();
  for (const char* part :
       {"REDIS BUG REPORT START", "crashed by signal: 11", "STACK TRACE", "debug_segfault",
        "INFO OUTPUT", "used_memory:", "REDIS BUG REPORT END"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

// The sanitizer's own memory does not fit into a limited address space.
#ifndef LARDER_SYSTEM_MALLOC

constexpr rlim_t kTwoGigabytes = rlim_t{2} << 30;

TEST(Process, RejectsACommandIfTheSystemHasNoMemory) {
  Child child;
  child.limit_address_space(kTwoGigabytes);
  ASSERT_TRUE(child.serve());
  std::string answer;
  for (int i = 0; i < 8 && answer.find("OOM") == std::string::npos; ++i) {
    answer = child.ask("SETRANGE key:" + std::to_string(i) + " 500000000 x");
  }
  EXPECT_EQ(answer, "-OOM the system has no memory for a block of 500000001 bytes\r\n");
  EXPECT_EQ(child.ask("SETBIT bits 4000000000 1"), answer);
  EXPECT_EQ(child.ask("BITOP NOT other key:0"), answer);
  EXPECT_EQ(child.ask("PING"), "+PONG\r\n");
}

TEST(Process, ReportsTheCommandForWhichTheSystemHadNoMemory) {
  Child child;
  child.limit_address_space(kTwoGigabytes);
  ASSERT_TRUE(child.serve({"--enable-debug-command", "yes"}));
  EXPECT_EQ(child.ask("DEBUG POPULATE 30 key 200000000"), "");
  const auto status = child.wait();
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == SIGABRT) << *status;
  const std::string text = child.output();
  for (const char* part : {"REDIS BUG REPORT START", "Out Of Memory allocating ", "for strings!",
                           "used_memory:", "While running: debug",
                           "For the client: id=", "STACK TRACE", "REDIS BUG REPORT END"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

#endif

TEST(Process, ReportsAnAbortFromOutside) {
  Child child;
  ASSERT_TRUE(child.serve());
  const auto status = child.end(SIGABRT);
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFSIGNALED(*status) && WTERMSIG(*status) == SIGABRT) << *status;
  EXPECT_NE(child.output().find("crashed by signal: 6"), std::string::npos);
}

TEST(Process, DiesWithoutAReportIfTheCrashLogIsOff) {
  Child child;
  ASSERT_TRUE(child.serve({"--crash-log-enabled", "no"}));
  const auto status = child.end(SIGABRT);
  ASSERT_TRUE(status);
  EXPECT_TRUE(WIFSIGNALED(*status));
  EXPECT_EQ(child.output().find("BUG REPORT"), std::string::npos);
}

TEST(Process, LogsAStackTraceWhenTheWatchdogExpires) {
  Child child;
  ASSERT_TRUE(child.serve({"--enable-debug-command", "yes", "--watchdog-period", "200"}));
  EXPECT_EQ(child.ask("DEBUG SLEEP 0.6"), "+OK\r\n");
  EXPECT_NE(child.output().find("WATCHDOG TIMER EXPIRED"), std::string::npos);
  EXPECT_NE(child.output().find("debug_sleep"), std::string::npos);
  EXPECT_EQ(child.ask("PING"), "+PONG\r\n");
}

TEST(Process, Daemonizes) {
  Child child;
  child.start({"--daemonize", "yes", "--port", "0", "--unixsocket", child.path("socket"),
               "--pidfile", child.path("pid"), "--logfile", child.path("log")});
  EXPECT_TRUE(ended_well(child.wait()));
  ASSERT_TRUE(wait_for([&] { return child.ask("PING") == "+PONG\r\n"; }));
  const pid_t server = std::stoi(read_file(child.path("pid")));
  EXPECT_EQ(::getsid(server), server);
  ::kill(server, SIGTERM);
  EXPECT_TRUE(wait_for([&] { return !std::filesystem::exists(child.path("pid")); }));
}

TEST(Process, NotifiesSystemdThatItIsReady) {
  Child child;
  const int notices = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, child.path("notify").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(notices, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::setenv("NOTIFY_SOCKET", address.sun_path, 1);
  ASSERT_TRUE(child.serve({"--supervised", "systemd"}));
  ::unsetenv("NOTIFY_SOCKET");
  std::string received;
  ASSERT_TRUE(wait_for([&] {
    char text[256];
    const ssize_t got = ::recv(notices, text, sizeof text, MSG_DONTWAIT);
    if (got > 0) received.append(text, static_cast<std::size_t>(got));
    return received.find("READY=1") != std::string::npos;
  })) << received;
  EXPECT_NE(received.find("STATUS=Ready to accept connections"), std::string::npos);
  ::close(notices);
}

TEST(Process, ConfigRewriteSavesUsers) {
  Child child;
  const std::string conf = child.path("larder.conf");
  std::ofstream(conf) << "# ours\nuser bob on >x ~a +get\nuser gone on\n";
  std::vector<std::string> options = {conf, "--port", "0", "--unixsocket", child.path("socket")};
  child.start(options);
  ASSERT_TRUE(child.wrote("Ready to accept"));
  EXPECT_EQ(child.ask("ACL SETUSER bob +set"), "+OK\r\n");
  EXPECT_EQ(child.ask("ACL DELUSER gone"), ":1\r\n");
  EXPECT_EQ(child.ask("CONFIG REWRITE"), "+OK\r\n");
  const std::string written = read_file(conf);
  EXPECT_NE(written.find("# ours\nuser bob on sanitize-payload "
                         "#2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 ~a "
                         "resetchannels -@all +get +set\n"),
            std::string::npos)
      << written;
  EXPECT_NE(written.find("user default on nopass sanitize-payload ~* &* +@all\n"),
            std::string::npos);
  EXPECT_EQ(written.find("gone"), std::string::npos);
  EXPECT_TRUE(ended_well(child.end(SIGTERM)));
  child.start({conf});
  EXPECT_TRUE(wait_for([&] { return child.ask("AUTH bob x") == "+OK\r\n"; }));
}

TEST(Process, LoadsTheFileThatConfigRewriteWrote) {
  Child child;
  const std::string conf = child.path("larder.conf");
  std::ofstream(conf) << "maxmemory 123mb\nclient-output-buffer-limit pubsub 8mb 4mb 30\n";
  child.start({conf, "--port", "0", "--unixsocket", child.path("socket"), "--enable-debug-command",
               "yes", "--notify-keyspace-events", "KEA"});
  ASSERT_TRUE(child.wrote("Ready to accept"));
  EXPECT_EQ(child.ask("CONFIG SET slowlog-max-len 7"), "+OK\r\n");
  EXPECT_EQ(child.ask("DEBUG CONFIG-REWRITE-FORCE-ALL"), "+OK\r\n");
  const std::string before = child.ask("CONFIG GET *");
  EXPECT_GT(before.size(), 4000u);
  // Including those at their defaults.
  EXPECT_NE(read_file(conf).find("\nhz 10\n"), std::string::npos) << read_file(conf);
  EXPECT_TRUE(ended_well(child.end(SIGTERM)));
  child.start({conf});
  EXPECT_TRUE(wait_for([&] { return child.ask("CONFIG GET *") == before; })) << child.output();
}

TEST(Process, DoesNotStartWithWrongUsers) {
  Child child;
  child.start({"--port", "0", "--unixsocket", child.path("socket"), "--user", "bob", "+nosuch"});
  EXPECT_TRUE(failed(child.wait()));
  EXPECT_NE(child.output().find(">>> 'user \"bob\" \"+nosuch\"'\nError in user declaration "
                                "'+nosuch': Unknown command or category name in ACL"),
            std::string::npos)
      << child.output();
}

TEST(Process, KeepsUsersInItsAclFile) {
  Child child;
  std::ofstream(child.path("users.acl")) << "user bob on nopass +ping\n";
  ASSERT_TRUE(child.serve({"--aclfile", child.path("users.acl")}));
  EXPECT_EQ(child.ask("ACL SETUSER bob +echo"), "+OK\r\n");
  EXPECT_EQ(child.ask("ACL SAVE"), "+OK\r\n");
  EXPECT_EQ(read_file(child.path("users.acl")),
            "user bob on nopass sanitize-payload resetchannels -@all +ping +echo\n"
            "user default on nopass sanitize-payload ~* &* +@all\n");
  std::ofstream(child.path("users.acl")) << "user bob nosuch\n";
  EXPECT_EQ(child.ask("ACL LOAD"),
            "-ERR " + child.path("users.acl") +
                ":1: Syntax error. WARNING: ACL errors detected, no change to the previously "
                "active ACL rules was performed\r\n");
}

TEST(Process, ClosesConnectionsOnHttpRequestsAndLogsIt) {
  Child child;
  ASSERT_TRUE(child.serve());
  EXPECT_EQ(child.ask("PING\r\nPOST / HTTP/1.1\r\nHost: example.org"), "");
  EXPECT_TRUE(child.wrote("Possible SECURITY ATTACK detected."));
  EXPECT_EQ(child.ask("PING"), "+PONG\r\n");
}

TEST(Process, RenamesAndRemovesCommands) {
  Child child;
  ASSERT_TRUE(
      child.serve({"--rename-command", "get", "fetch", "--rename-command", "flushall", ""}));
  EXPECT_EQ(child.ask("FETCH a"), "$-1\r\n");
  EXPECT_EQ(child.ask("GET a"), "-ERR unknown command 'GET', with args beginning with: 'a' \r\n");
  EXPECT_EQ(child.ask("FLUSHALL").substr(0, 20), "-ERR unknown command");
  EXPECT_EQ(child.ask("fetch"), "-ERR wrong number of arguments for 'get' command\r\n");
}

}  // namespace
}  // namespace larder::server
