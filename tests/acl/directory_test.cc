#include <filesystem>
#include <fstream>

#include "tests/acl/world.h"

namespace larder::acl {
namespace {

using engine::bit;
using engine::Closing;
using engine::Gate;

std::string describe(const engine::Session& session, const base::Clock&) {
  return "id=" + std::to_string(session.id);
}

// A client with its own session.
struct Client {
  explicit Client(engine::Sessions& sessions, const base::Clock& clock)
      : session(sessions, peer, output, clock) {}
  engine::NoPeer peer;
  resp::ChunkPool pool;
  resp::ReplyBuffer output{pool};
  engine::Session session;
};

class DirectoryTest : public engine::Room {
 protected:
  ~DirectoryTest() override {
    if (directory == nullptr) return;
    memory::Auditor auditor;
    auditor.add(*directory);
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }

  void start(const std::string& options = {}) {
    ASSERT_TRUE(registry.load({.input = options}));
    log.level(base::LogLevel::nothing);
    directory = std::make_unique<Directory>(Directory::Parts{
        acl_settings, settings, commands, sessions, acl_metrics, clock, log, describe});
    for (Client* client : {&one, &two}) directory->admit(client->session);
  }
  std::string change(const std::string& name, const std::vector<std::string>& rules) {
    const std::vector<std::string_view> views(rules.begin(), rules.end());
    const auto changed = directory->change(name, views);
    return changed ? "OK" : changed.error().text;
  }
  // For a command of the first client.
  std::size_t remove(const std::vector<std::string_view>& names) {
    return directory->remove(names, one.session);
  }
  std::string rest_of(UserWalk& walk) {
    std::string names;
    while (const User* user = walk.next()) names += std::string(user->name) + " ";
    return names;
  }
  bool log_in(Client& client, std::string_view user, std::string_view password) {
    return directory->log_in(client.session, {user, password, "AUTH"});
  }
  engine::Denied ask(Client& client, const std::vector<std::string>& words) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    return directory->check(client.session, *commands.resolve(args), args,
                            engine::CommandContext::top_level);
  }
  std::string rules(std::string_view name) { return directory->find(name)->powers.text(); }

  Settings acl_settings{registry};
  Metrics acl_metrics{reporter};
  base::Log log;
  Client one{sessions, clock};
  Client two{sessions, clock};
  std::unique_ptr<Directory> directory;
};

TEST_F(DirectoryTest, NewServerHasOnlyAnUnrestrictedDefaultUser) {
  start("enable-debug-command yes");
  ASSERT_EQ(directory->users().size(), 1u);
  EXPECT_EQ(rules("default"), "on nopass sanitize-payload ~* &* +@all");
  EXPECT_EQ(one.session.closed_gates, 0u);
  EXPECT_TRUE(one.session.logged_in);
  EXPECT_FALSE(directory->password_required());
}

TEST_F(DirectoryTest, RequirepassSetsThePasswordOfTheDefaultUser) {
  start("requirepass secret");
  EXPECT_TRUE(directory->password_required());
  EXPECT_FALSE(one.session.authenticated());
  EXPECT_FALSE(log_in(one, "default", "wrong"));
  EXPECT_FALSE(log_in(one, "nobody", "secret"));
  EXPECT_EQ(acl_metrics.denied_auth.value(), 2u);
  EXPECT_TRUE(log_in(one, "default", "secret"));
  EXPECT_TRUE(one.session.authenticated());
  ASSERT_TRUE(registry.set({{"requirepass", ""}}, {}));
  EXPECT_TRUE(two.session.authenticated());
  ASSERT_TRUE(registry.set({{"requirepass", "other"}}, {}));
  EXPECT_FALSE(two.session.authenticated());
  EXPECT_TRUE(one.session.authenticated());
}

TEST_F(DirectoryTest, DisabledUsersCannotLogIn) {
  start();
  change("default", {"off"});
  Client late{sessions, clock};
  directory->admit(late.session);
  EXPECT_FALSE(late.session.authenticated());
  EXPECT_FALSE(log_in(late, "default", "x"));
  EXPECT_TRUE(one.session.authenticated());
}

TEST_F(DirectoryTest, ChangesOfAUserApplyToItsSessions) {
  start();
  EXPECT_EQ(change("bob", {"on", ">x", "+get", "~a*"}), "OK");
  ASSERT_TRUE(log_in(one, "bob", "x"));
  EXPECT_NE(one.session.closed_gates & bit(Gate::permission), 0u);
  EXPECT_EQ(two.session.closed_gates & bit(Gate::permission), 0u);
  EXPECT_EQ(one.session.account->name, "bob");
  EXPECT_EQ(ask(one, {"get", "abc"}), engine::Denied::nothing);
  EXPECT_EQ(ask(one, {"get", "b"}), engine::Denied::key);
  EXPECT_EQ(ask(one, {"set", "abc", "x"}), engine::Denied::command);
  change("bob", {"+@all", "allkeys", "allchannels"});
  EXPECT_EQ(one.session.closed_gates & bit(Gate::permission), 0u);
  change("bob", {"off"});
  EXPECT_EQ(one.session.closing, Closing::no);
  EXPECT_FALSE(log_in(two, "bob", "x"));
}

TEST_F(DirectoryTest, ARejectedChangeHasNoEffect) {
  start();
  change("bob", {"on", "+get"});
  const std::string before = rules("bob");
  EXPECT_EQ(change("bob", {"+set", "+nosuch"}),
            "Error in ACL SETUSER modifier '+nosuch': Unknown command or category name in ACL");
  EXPECT_EQ(change("bob", {"+set", "(+get", "~a"}),
            "Unmatched parenthesis in acl selector starting at '(+get'.");
  EXPECT_EQ(rules("bob"), before);
  EXPECT_NE(change("alice", {"nosuch"}), "OK");
  EXPECT_EQ(directory->find("alice"), nullptr);
}

TEST_F(DirectoryTest, RemovingAUserClosesItsSessions) {
  start();
  change("bob", {"on", "nopass", "+@all"});
  log_in(one, "bob", "");
  log_in(two, "bob", "");
  EXPECT_EQ(remove({"bob", "nobody", "bob"}), 1u);
  EXPECT_EQ(remove({"bob"}), 0u);
  EXPECT_EQ(one.session.closing, Closing::after_reply);
  EXPECT_EQ(two.session.closing, Closing::now);
  EXPECT_EQ(two.session.account->name, "default");
}

TEST_F(DirectoryTest, AWalkVisitsEachUserThatStaysOnce) {
  start();
  for (const char* name : {"a", "c", "e", "g"}) change(name, {"on"});
  UserWalk walk(*directory);
  EXPECT_EQ(walk.next()->name, "a");
  EXPECT_EQ(walk.next()->name, "c");
  change("b", {"on"});
  change("f", {"on"});
  remove({"a", "c", "g"});
  UserWalk other(*directory);
  EXPECT_EQ(walk.next()->name, "default");
  walk.go_back();
  EXPECT_EQ(rest_of(walk), "default e f ");
  EXPECT_EQ(rest_of(other), "b default e f ");
}

// Reports one subscription of one session, as set by the test.
struct OneSubscription final : engine::Subscriptions {
  bool any(const engine::Session& session, Visitor& visitor) const override {
    return &session == subscriber && visitor.visit(kind, name);
  }
  const engine::Session* subscriber = nullptr;
  Kind kind = Kind::channel;
  std::string name;
};

TEST_F(DirectoryTest, LosingAccessToASubscribedChannelClosesTheSession) {
  start();
  OneSubscription subscription;
  directory->set_subscriptions(subscription);
  subscription.subscriber = &one.session;
  subscription.name = "news";
  change("bob", {"on", "nopass", "&news", "&olds", "&n*"});
  log_in(one, "bob", "");
  log_in(two, "bob", "");
  change("bob", {"resetchannels", "&n*"});
  EXPECT_EQ(one.session.closing, Closing::no);
  subscription.kind = engine::Subscriptions::Kind::pattern;
  change("bob", {"resetchannels", "&news*"});
  EXPECT_EQ(one.session.closing, Closing::now);
  EXPECT_EQ(two.session.closing, Closing::no);
}

TEST_F(DirectoryTest, DeniedCommandsAreCountedAndLogged) {
  start();
  change("bob", {"on", "nopass", "+get", "~a"});
  log_in(one, "bob", "");
  ask(one, {"get", "secret"});
  ask(one, {"del", "a"});
  EXPECT_EQ(acl_metrics.denied_key.value(), 1u);
  EXPECT_EQ(acl_metrics.denied_command.value(), 1u);
  ASSERT_EQ(directory->refusals().size(), 2u);
  EXPECT_EQ(directory->refusals().newest()->object, "del");
  EXPECT_EQ(directory->refusals().newest()->older->object, "secret");
  EXPECT_EQ(std::string_view(directory->refusals().newest()->client),
            "id=" + std::to_string(one.session.id));
  ASSERT_TRUE(registry.set({{"acllog-max-len", "1"}}, {}));
  EXPECT_EQ(directory->refusals().size(), 1u);
}

TEST_F(DirectoryTest, LoadsUsersFromTheConfiguration) {
  start("user bob on >x ~a* +get (+set ~b)\nuser alice off\nuser default on nopass +@all ~*\n");
  EXPECT_EQ(directory->users().size(), 3u);
  EXPECT_EQ(directory->users().front()->name, "alice");
  EXPECT_EQ(rules("bob"), "on sanitize-payload #" + hash_password("x").text() +
                              " ~a* resetchannels -@all +get (~b resetchannels -@all +set)");
  EXPECT_EQ(rules("default"), "on nopass sanitize-payload ~* resetchannels +@all");
}

TEST_F(DirectoryTest, WrongRulesMakeTheStartFail) {
  EXPECT_THROW(start("user bob nosuch"), std::runtime_error);
}

TEST_F(DirectoryTest, ReportsTheLineOfAnUnknownCommand) {
  try {
    start("requirepass x\nuser amy on +set\nuser bob on +get +nosuch");
    FAIL();
  } catch (const config::BadLine& bad) {
    EXPECT_THAT(std::string(bad.what()),
                testing::HasSubstr("at line 3\n>>> 'user bob on +get +nosuch'\n"
                                   "Error in user declaration '+nosuch': Unknown command or "
                                   "category name in ACL\n"));
  }
}

// The users of an included file, as CONFIG REWRITE sees them.
TEST_F(DirectoryTest, RewriteSavesUsersThatDifferFromIncludedFiles) {
  start("user bob on >x ~a* +get\nuser amy on nopass\nuser eve on nopass\n");
  const std::vector<config::Lines::Line> included = {
      {"bob", "on", ">x", "~a*", "+get"}, {"amy", "on", "nopass"}, {"eve", "on", "nopass"}};
  ASSERT_EQ(change("amy", {"+get"}), "OK");
  ASSERT_EQ(remove({"eve"}), 1u);
  ASSERT_EQ(change("new", {"on"}), "OK");
  EXPECT_THAT(
      acl_settings.user.lines_after(included),
      testing::ElementsAre("user amy reset on nopass sanitize-payload resetchannels -@all +get",
                           "user default on nopass sanitize-payload ~* &* +@all",
                           "user new on sanitize-payload resetchannels -@all", "user eve reset"));
}

TEST_F(DirectoryTest, ALaterLineWithResetReplacesTheUser) {
  start("user bob on >x ~a* +get\nuser bob reset off ~b*\n");
  EXPECT_EQ(rules("bob"), "off sanitize-payload ~b* resetchannels -@all");
  EXPECT_FALSE(registry.load({.input = "user bob on"}));
}

TEST_F(DirectoryTest, ALaterLineWithOnlyResetRemovesTheUser) {
  start("user bob on nopass\nuser eve on nopass\nuser eve Reset\nuser eve reset\n");
  EXPECT_EQ(directory->find("eve"), nullptr);
  EXPECT_NE(directory->find("bob"), nullptr);
}

TEST_F(DirectoryTest, AFirstLineWithOnlyResetAddsTheUser) {
  start("user eve reset\nuser default on >x\nuser default reset\n");
  EXPECT_EQ(rules("eve"), "off sanitize-payload resetchannels -@all");
  EXPECT_EQ(rules("default"), "off sanitize-payload resetchannels -@all");
}

TEST_F(DirectoryTest, ARemovedUserCanBeAddedByALaterLine) {
  start("user eve on nopass\nuser eve reset\nuser eve reset on ~a\n");
  EXPECT_EQ(rules("eve"), "on sanitize-payload ~a resetchannels -@all");
}

TEST_F(DirectoryTest, RewriteLeavesUsersThatIncludedFilesRemove) {
  start();
  const std::vector<config::Lines::Line> included = {{"eve", "on", "nopass"}, {"eve", "reset"}};
  const std::string line = "user default on nopass sanitize-payload ~* &* +@all";
  EXPECT_THAT(acl_settings.user.lines_after(included), testing::ElementsAre(line));
  ASSERT_EQ(change("eve", {"on"}), "OK");
  EXPECT_THAT(acl_settings.user.lines_after(included),
              testing::ElementsAre(line, "user eve reset on sanitize-payload resetchannels -@all"));
}

class DirectoryWithAclFile : public DirectoryTest {
 protected:
  DirectoryWithAclFile() {
    char name[] = "/tmp/larder_acl_XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~DirectoryWithAclFile() override { std::filesystem::remove_all(folder); }
  std::string path() const { return folder + "/users.acl"; }
  void write(const std::string& text) { std::ofstream(path()) << text; }
  std::string load() {
    const auto loaded = directory->load(one.session);
    return loaded ? "OK" : loaded.error().text;
  }
  std::string folder;
};

TEST_F(DirectoryWithAclFile, LoadsWhatItHasSaved) {
  write("user bob on nopass +get ~a*\n\n  user alice off (+set ~b) \n");
  start("aclfile " + path());
  EXPECT_EQ(directory->users().size(), 3u);
  change("carol", {"on", ">x", "%R~in:*", "&news", "+@all", "-@dangerous"});
  const auto before = directory->lines();
  ASSERT_TRUE(directory->save());
  ASSERT_EQ(load(), "OK");
  EXPECT_EQ(directory->lines(), before);
}

TEST_F(DirectoryWithAclFile, LoadClosesSessionsOfUsersThatTheFileDoesNotName) {
  write("user bob on nopass +get ~a*\nuser alice on nopass\n");
  start("aclfile " + path());
  log_in(one, "bob", "");
  log_in(two, "alice", "");
  write("user alice on nopass ~*\n");
  EXPECT_EQ(load(), "OK");
  EXPECT_EQ(one.session.closing, Closing::after_reply);
  EXPECT_EQ(two.session.closing, Closing::no);
  EXPECT_EQ(two.session.account, directory->find("alice"));
  EXPECT_EQ(directory->find("bob"), nullptr);
}

TEST_F(DirectoryWithAclFile, LoadOfAWrongFileChangesNothing) {
  write("user bob on nopass +get\n");
  start("aclfile " + path());
  write(
      "user bob off\nbob on\nuser bob on\nuser x foo bar\nuser y +nosuch (+get\nuser z +nosuch\n");
  const std::string p = path();
  EXPECT_EQ(load(),
            p +
                ":2: line should start with user keyword. WARNING: Duplicate user 'bob' found on "
                "line 3. " +
                p + ":4: Syntax error. " + p + ":5: Unmatched parenthesis in selector definition." +
                p +
                ":6: Error in applying operation '+nosuch': Unknown command or category name in "
                "ACL. WARNING: ACL errors detected, no change to the previously active ACL rules "
                "was performed");
  EXPECT_EQ(rules("bob"), "on nopass sanitize-payload resetchannels -@all +get");
}

TEST_F(DirectoryWithAclFile, StartFailsIfTheFileIsMissing) {
  EXPECT_THROW(start("aclfile " + path()), std::runtime_error);
}

TEST_F(DirectoryWithAclFile, StartFailsWithUsersInBothFiles) {
  write("");
  EXPECT_THROW(start("aclfile " + path() + "\nuser bob on"), std::runtime_error);
}

}  // namespace
}  // namespace larder::acl
