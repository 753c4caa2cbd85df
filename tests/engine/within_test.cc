// Commands that run within another one, as scripts do, and sessions without a client.

#include "effect_lines.h"
#include "larder/engine/internal_session.h"
#include "room.h"

namespace larder::engine {
namespace {

class NestedCommands : public Room {
 protected:
  NestedCommands() {
    prompt.act = [this] { act(); };
  }

  // The commands that the outer command runs, as one group.
  void act() {
    EXPECT_EQ(executor.running(), &session);
    const Propagation::Group group(effects);
    for (const Words& words : script) {
      const std::vector<std::string_view> args(words.begin(), words.end());
      executor.run_nested(inner.session(), args);
      replies.push_back(resp::taken(inner.output()));
    }
    EXPECT_EQ(executor.running(), &session);
  }
  std::uint64_t calls(std::string_view name) const { return commands.find(name)->stats.calls; }

  InternalSession inner{sessions, clock, "inner"};
  std::vector<Words> script;
  Words replies;
};

TEST_F(NestedCommands, RepliesGoToTheInnerSession) {
  script = {{"set", "a", "1"}, {"get", "a"}, {"nosuch"}, {"get"}};
  EXPECT_EQ(reply({"act"}), "+OK\r\n");
  EXPECT_THAT(replies, testing::ElementsAre("+OK\r\n", "$1\r\n1\r\n",
                                            testing::StartsWith("-ERR unknown command 'nosuch'"),
                                            testing::StartsWith("-ERR wrong number")));
}

TEST_F(NestedCommands, EachCommandIsCounted) {
  script = {{"set", "a", "1"}, {"fail"}, {"set", "b", "1"}};
  reply({"act"});
  EXPECT_EQ(calls("set"), 2u);
  EXPECT_EQ(calls("act"), 1u);
  EXPECT_EQ(commands.find("fail")->stats.failed, 1u);
  EXPECT_EQ(commands.find("act")->stats.failed, 0u);
}

TEST_F(NestedCommands, EffectsFormOneGroupWithoutTheOuterCommand) {
  EffectLines followed;
  executor.follow(followed);
  script = {{"set", "a", "1"}, {"put", "b", "2"}, {"get", "a"}};
  reply({"act"});
  EXPECT_EQ(followed.lines, (Words{"0: MULTI", "0: set a 1", "0: SET b 2", "0: EXEC"}));
  followed.lines.clear();
  script = {{"set", "a", "1"}};
  reply({"act"});
  EXPECT_EQ(followed.lines, (Words{"0: set a 1"}));
}

TEST_F(NestedCommands, GroupsNest) {
  EffectLines followed;
  executor.follow(followed);
  script = {{"set", "b", "2"}, {"set", "c", "3"}};
  reply({"multi"});
  reply({"set", "a", "1"});
  reply({"act"});
  reply({"set", "d", "4"});
  reply({"exec"});
  EXPECT_EQ(followed.lines,
            (Words{"0: MULTI", "0: set a 1", "0: set b 2", "0: set c 3", "0: set d 4", "0: EXEC"}));
}

TEST_F(NestedCommands, CommandsUseTheDatabaseOfTheInnerSession) {
  EffectLines followed;
  executor.follow(followed);
  inner.session().db = 3;
  script = {{"set", "a", "1"}};
  reply({"act"});
  EXPECT_EQ(followed.lines, (Words{"3: set a 1"}));
  EXPECT_EQ(session.db, 0);
}

TEST_F(NestedCommands, OnlyTheCommandsOfASessionWithNoTouchDoNotTouchKeys) {
  const keyspace::AccessPolicy& access = keyspace.access();
  session.no_touch = true;
  script = {{"get", "a"}};
  prompt.act = [this, &access] {
    EXPECT_FALSE(access.touching);
    act();
    EXPECT_FALSE(access.touching);
  };
  reply({"act"});
  session.no_touch = false;
  inner.session().no_touch = true;
  prompt.act = [this, &access] {
    act();
    EXPECT_TRUE(access.touching);
  };
  reply({"act"});
}

TEST_F(NestedCommands, CommandsDoNotBlock) {
  script = {{"bpop", "list", "0"}};
  reply({"act"});
  EXPECT_EQ(replies, (Words{"$-1\r\n"}));
  EXPECT_FALSE(inner.session().is_parked());
}

TEST_F(NestedCommands, BlockedClientsAreServedAfterTheOuterCommand) {
  NoPeer peer_of_other;
  resp::ReplyBuffer output_of_other{pool};
  Session other{sessions, peer_of_other, output_of_other, clock};
  const std::string_view words[] = {"bpop", "list", "0"};
  const resp::Request request{.args = words, .bytes = 0};
  executor.run(other, {&request, 1}, std::numeric_limits<std::size_t>::max());
  ASSERT_TRUE(other.is_blocked());
  script = {{"push", "list", "ab"}, {"get", "list"}};
  reply({"act"});
  EXPECT_EQ(replies, (Words{"+OK\r\n", "$2\r\nab\r\n"}));
  EXPECT_EQ(resp::taken(output_of_other), "+list=a\r\n");
  output_of_other.clear();
}

TEST_F(NestedCommands, GatesClosedForTheInnerSessionApply) {
  script = {{"set", "a", "1"}};
  prompt.act = [this] {
    gates.close(Gate::loading);
    gates.close(Gate::paused_all);
    act();
  };
  reply({"act"});
  EXPECT_THAT(replies, testing::ElementsAre(testing::StartsWith("-LOADING")));
}

TEST_F(NestedCommands, GatesOpenForTheInnerSessionDoNotApply) {
  InternalSession loader{sessions, clock, "loader", bit(Gate::loading)};
  prompt.act = [this, &loader] {
    gates.close(Gate::loading);
    gates.close(Gate::paused_all);
    const std::string_view words[] = {"set", "a", "1"};
    const Propagation::Group group(effects);
    executor.run_nested(loader.session(), words);
  };
  reply({"act"});
  EXPECT_EQ(resp::taken(loader.output()), "+OK\r\n");
}

TEST_F(NestedCommands, SessionsWithoutAClientAreNotListed) {
  EXPECT_EQ(sessions.size(), 1u);
  EXPECT_EQ(sessions.first(), &session);
  EXPECT_EQ(inner.session().peer().address(), "inner");
}

}  // namespace
}  // namespace larder::engine
