#include "room.h"

namespace larder::engine {
namespace {

using Admission = Room;

TEST_F(Admission, ReportsUnknownCommandsWithTheirArguments) {
  EXPECT_EQ(reply({"nosuch"}), "-ERR unknown command 'nosuch', with args beginning with: \r\n");
  EXPECT_EQ(reply({"nosuch", "a", "b"}),
            "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' \r\n");
  EXPECT_EQ(reply({"get\r\nx", "a\nb"}),
            "-ERR unknown command 'get  x', with args beginning with: 'a b' \r\n");
}

TEST_F(Admission, ShowsAtMost128BytesOfAnUnknownCommand) {
  const std::string long_name(500, 'n');
  EXPECT_EQ(reply({long_name, long_name, "second"}),
            "-ERR unknown command '" + long_name.substr(0, 128) + "', with args beginning with: '" +
                long_name.substr(0, 128) + "' \r\n");
}

TEST_F(Admission, ShowsArgumentsWithinTheRestOf128Bytes) {
  EXPECT_EQ(reply({"x", std::string(100, 'a'), std::string(100, 'b'), "third"}),
            "-ERR unknown command 'x', with args beginning with: '" + std::string(100, 'a') +
                "' '" + std::string(25, 'b') + "' \r\n");
}

TEST_F(Admission, ChecksTheNumberOfArguments) {
  EXPECT_EQ(reply({"GET"}), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(reply({"Get", "a", "b"}), "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_EQ(reply({"box", "one", "x"}), "-ERR wrong number of arguments for 'box|one' command\r\n");
  EXPECT_EQ(reply({"box"}), "-ERR wrong number of arguments for 'box' command\r\n");
}

TEST_F(Admission, FindsSubcommandsInAnyLetterCase) {
  EXPECT_EQ(reply({"BOX", "One"}), "+one\r\n");
  EXPECT_EQ(reply({"box", "two"}), "-ERR unknown subcommand 'two'. Try BOX HELP.\r\n");
}

TEST_F(Admission, LetsTheContainerHandleUnknownSubcommands) {
  EXPECT_EQ(reply({"open", "one"}), "+one\r\n");
  EXPECT_EQ(reply({"open", "one", "x"}), "+rest\r\n");
  EXPECT_EQ(reply({"open", "two"}), "+rest\r\n");
  EXPECT_EQ(reply({"open"}), "-ERR wrong number of arguments for 'open' command\r\n");
}

TEST_F(Admission, RequiresAuthenticationBeforeAnyKnownCommand) {
  session.closed_gates = bit(Gate::auth);
  const std::string refusal = "-NOAUTH Authentication required.\r\n";
  EXPECT_EQ(reply({"get", "a"}), refusal);
  EXPECT_EQ(reply({"nosuch"}), "-ERR unknown command 'nosuch', with args beginning with: \r\n");
  EXPECT_EQ(reply({"login"}), "+OK\r\n");
  EXPECT_EQ(reply({"get", "a"}), "$-1\r\n");
}

TEST_F(Admission, RejectsProtectedCommandsWhileTheirGateIsClosed) {
  session.closed_gates = bit(Gate::debug);
  EXPECT_THAT(reply({"guarded"}), testing::StartsWith("-ERR DEBUG command not allowed."));
  EXPECT_EQ(reply({"get", "a"}), "$-1\r\n");
  session.closed_gates = 0;
  EXPECT_EQ(reply({"guarded"}), "+one\r\n");
}

TEST_F(Admission, RejectsMostCommandsWhileLoading) {
  gates.close(Gate::loading);
  EXPECT_EQ(reply({"get", "a"}), "-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(reply({"ready"}), "+one\r\n");
  gates.open(Gate::loading);
  EXPECT_EQ(reply({"get", "a"}), "$-1\r\n");
}

TEST_F(Admission, RejectsOnlyCommandsThatNeedMemoryWhenFull) {
  EXPECT_EQ(reply({"set", "a", "1"}), "+OK\r\n");
  limit("1");
  EXPECT_EQ(reply({"set", "b", "1"}),
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_EQ(reply({"get", "a"}), "$1\r\n1\r\n");
  EXPECT_EQ(reply({"del", "a"}), ":1\r\n");
  limit("0");
  EXPECT_EQ(reply({"set", "b", "1"}), "+OK\r\n");
}

TEST_F(Admission, EvictsBeforeItRejects) {
  for (int i = 0; i < 200; ++i) reply({"set", "k" + std::to_string(i), std::string(4000, 'x')});
  const std::uint64_t used = memory::used_bytes();
  limit(std::to_string(used - 100'000), "allkeys-random");
  EXPECT_EQ(reply({"set", "new", "1"}), "+OK\r\n");
  EXPECT_LT(keyspace.size(), 200u);
  EXPECT_GT(keyspace.size(), 100u);
}

TEST_F(Admission, CountsCallsRejectionsAndFailures) {
  reply({"get", "a"});
  reply({"get"});
  reply({"fail"});
  reply({"nosuch"});
  const CommandStats& get = commands.find("get")->stats;
  EXPECT_EQ(get.calls, 1u);
  EXPECT_EQ(get.rejected, 1u);
  EXPECT_EQ(get.failed, 0u);
  EXPECT_EQ(commands.find("fail")->stats.failed, 1u);
  EXPECT_EQ(metrics.commands_processed.value(), 2u);
  EXPECT_EQ(metrics.error_replies.value(), 3u);
  const std::vector<std::pair<std::string, std::uint64_t>> codes{{"ERR", 2}, {"WRONG", 1}};
  EXPECT_EQ(metrics.errors.codes(), codes);
}

// Denies commands with the argument `secret`, and records all checked commands.
struct TestGuard final : Guard {
  Denied check(const Session&, const BoundCommand&, resp::Args args, CommandContext) override {
    ++questions;
    return args.size() > 1 && args[1] == "secret" ? denied : Denied::nothing;
  }
  bool may_run(const Session&, const BoundCommand&, resp::Args args) const override {
    return args.size() < 2 || args[1] != "secret";
  }
  bool may_read_all_keys(const Session&, const BoundCommand&, resp::Args) const override {
    return true;
  }
  void report_attack(const Session&) override { ++attacks; }
  Denied denied = Denied::command;
  int questions = 0;
  int attacks = 0;
};

class Permission : public Admission {
 protected:
  Permission() { session.account = &account; }
  std::string reply(const Words& words) {
    std::vector<std::string_view> views(words.begin(), words.end());
    const resp::Request request{.args = views, .bytes = 0};
    guarded.run(session, {&request, 1}, std::numeric_limits<std::size_t>::max());
    return take_output();
  }

  const Account account{"bob"};
  TestGuard guard;
  Executor guarded{{clock, commands, keyspace, evictor, sweeper, gates, effects, metrics, waiters,
                    watches, observer, &guard}};
};

TEST_F(Permission, IsCheckedOnlyIfTheGateIsClosed) {
  EXPECT_EQ(reply({"get", "secret"}), "$-1\r\n");
  EXPECT_EQ(guard.questions, 0);
  session.closed_gates = bit(Gate::permission);
  EXPECT_EQ(reply({"get", "secret"}),
            "-NOPERM User bob has no permissions to run the 'get' command\r\n");
  EXPECT_EQ(reply({"get", "other"}), "$-1\r\n");
  EXPECT_EQ(guard.questions, 2);
  EXPECT_EQ(commands.find("get")->stats.rejected, 1u);
}

TEST_F(Permission, CanBeDeniedForKeysAndChannels) {
  session.closed_gates = bit(Gate::permission);
  guard.denied = Denied::key;
  EXPECT_EQ(reply({"get", "secret"}), "-NOPERM No permissions to access a key\r\n");
  guard.denied = Denied::channel;
  EXPECT_EQ(reply({"get", "secret"}), "-NOPERM No permissions to access a channel\r\n");
}

TEST_F(Permission, IsCheckedAfterAuthenticationAndBeforeLoading) {
  session.closed_gates = bit(Gate::permission) | bit(Gate::auth);
  EXPECT_EQ(reply({"get", "secret"}), "-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(guard.questions, 0);
  session.closed_gates = bit(Gate::permission);
  gates.close(Gate::loading);
  EXPECT_EQ(reply({"get", "secret"}),
            "-NOPERM User bob has no permissions to run the 'get' command\r\n");
  EXPECT_EQ(reply({"get", "other"}), "-LOADING Redis is loading the dataset in memory\r\n");
}

TEST_F(Permission, IsNotRequiredForAuth) {
  session.closed_gates = bit(Gate::permission);
  EXPECT_EQ(reply({"login"}), "+OK\r\n");
  EXPECT_EQ(guard.questions, 0);
}

TEST_F(Permission, DoesNotAllowHttpRequests) {
  EXPECT_EQ(reply({"Post", "/", "HTTP/1.1"}), "");
  EXPECT_EQ(session.closing, Closing::now);
  EXPECT_EQ(guard.attacks, 1);
}

TEST_F(Admission, ClosesConnectionsOnHttpRequestsWithoutAcl) {
  EXPECT_EQ(reply({"host:", "example.org"}), "");
  EXPECT_EQ(session.closing, Closing::now);
}

TEST(ClosedGates, DependOnTheAddressOfThePeer) {
  config::Registry registry{"Larder"};
  Settings settings{registry};
  NoPeer peer;
  EXPECT_EQ(closed_gates(settings, peer), bit(Gate::debug));
  ASSERT_TRUE(registry.load({.input = "enable-debug-command local\n"}));
  EXPECT_EQ(closed_gates(settings, peer), bit(Gate::debug));
  peer.local = true;
  EXPECT_EQ(closed_gates(settings, peer), 0u);
}

}  // namespace
}  // namespace larder::engine
