#include "larder/pubsub/hub.h"

#include <map>
#include <memory>
#include <string>

#include "larder/pubsub/monitors.h"
#include "larder/pubsub/notifier.h"
#include "tests/engine/effect_lines.h"
#include "tests/engine/room.h"

namespace larder::pubsub {
namespace {

class PubSubTest : public engine::Room {
 protected:
  struct Client {
    explicit Client(PubSubTest& room)
        : output(room.pool), session(room.sessions, peer, output, room.clock) {}
    engine::NoPeer peer;
    resp::ReplyBuffer output;
    engine::Session session;
  };

  PubSubTest() { executor.attach(notifier); }

  Client& client() { return *clients.emplace_back(std::make_unique<Client>(*this)); }
  Client& listener(Kind kind, std::string_view name) {
    Client& made = client();
    EXPECT_TRUE(hub.subscribe(made.session, kind, name));
    return made;
  }
  std::string output_of(Client& receiver) { return resp::taken(receiver.output); }
  // Checks that the hub, the outputs of subscribers and the monitors hold the bytes that are
  // charged.
  void expect_balance() {
    memory::Auditor auditor;
    auditor.add(hub);
    const memory::Audit audit = auditor.run();
    for (const auto& row : audit.rows()) {
      EXPECT_TRUE(row.owner != memory::Owner::pubsub || row.balanced()) << audit.text();
    }
  }

  Hub hub;
  pubsub::Settings notifications{registry};
  Notifier notifier{notifications, keyspace, executor, hub};
  Monitors monitors{executor, clock};
  std::vector<std::unique_ptr<Client>> clients;
};

// The table grows and shrinks between the pieces.
TEST_F(PubSubTest, AWalkInPiecesVisitsEachTopicThatStaysOnce) {
  constexpr int kTopics = 3000;
  Client& stays = client();
  Client& leaves = client();
  const auto name = [](const char* kind, int i) { return kind + std::to_string(i); };
  for (int i = 0; i < kTopics; ++i) {
    hub.subscribe(stays.session, Kind::pattern, name("stays", i));
    hub.subscribe(leaves.session, Kind::pattern, name("leaves", i));
  }
  std::map<std::string, int, std::less<>> visits;
  std::uint64_t cursor = 0;
  int pieces = 0;
  do {
    cursor = hub.scan_topics(Kind::pattern, cursor,
                             [&visits](std::string_view topic) { ++visits[std::string(topic)]; });
    ++pieces;
    hub.unsubscribe(leaves.session, Kind::pattern, name("leaves", pieces));
    if (pieces % 2 == 0) hub.subscribe(leaves.session, Kind::pattern, name("new", pieces));
  } while (cursor != 0);
  EXPECT_GT(pieces, kTopics / 10);
  for (int i = 0; i < kTopics; ++i) EXPECT_EQ(visits[name("stays", i)], 1) << i;
  for (const auto& [topic, count] : visits) EXPECT_LE(count, 1) << topic;
  clients.clear();
  sessions.free_left(base::Budget::unlimited());
}

TEST_F(PubSubTest, SubscriberGetsMessagesInItsProtocol) {
  Client& old = listener(Kind::channel, "ch");
  Client& young = listener(Kind::channel, "ch");
  young.session.reply.protocol(resp::Protocol::resp3);
  EXPECT_EQ(hub.publish(Kind::channel, "ch", "hello"), 2u);
  EXPECT_EQ(hub.publish(Kind::channel, "other", "hello"), 0u);
  EXPECT_EQ(output_of(old), "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$5\r\nhello\r\n");
  EXPECT_EQ(output_of(young), ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$5\r\nhello\r\n");
  EXPECT_EQ(old.peer.pushes, 1);
  expect_balance();
}

TEST_F(PubSubTest, SubscribersShareOneText) {
  for (int i = 0; i < 10'000; ++i) listener(Kind::channel, "ch");
  const std::string message(100'000, 'x');
  const auto before = memory::balance(memory::Owner::pubsub);
  EXPECT_EQ(hub.publish(Kind::channel, "ch", message), 10'000u);
  const auto written = memory::balance(memory::Owner::pubsub) - before;
  EXPECT_GE(written, 100'000);
  EXPECT_LT(written, 150'000);
  std::uint64_t held = 0;
  for (const auto& one : clients) held += one->output.held_bytes();
  EXPECT_EQ(held, 10'000u * 48);
  EXPECT_EQ(clients.front()->output.size(), clients.back()->output.size());
  expect_balance();
  for (std::size_t i = 1; i < clients.size(); ++i) clients[i]->output.clear();
  EXPECT_EQ(memory::balance(memory::Owner::pubsub) - before, written);
  EXPECT_EQ(output_of(*clients.front()).size(), message.size() + 36);
  EXPECT_EQ(memory::balance(memory::Owner::pubsub), before);
  expect_balance();
}

TEST_F(PubSubTest, KeepsTheOrderOfRepliesAndMessages) {
  Client& one = listener(Kind::channel, "ch");
  one.session.reply.ok();
  hub.publish(Kind::channel, "ch", "a");
  one.session.reply.simple("between");
  hub.publish(Kind::channel, "ch", "b");
  hub.publish(Kind::channel, "ch", "c");
  one.session.reply.ok();
  const auto message = [](const std::string& text) {
    return "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\n" + text + "\r\n";
  };
  EXPECT_EQ(output_of(one),
            "+OK\r\n" + message("a") + "+between\r\n" + message("b") + message("c") + "+OK\r\n");
}

TEST_F(PubSubTest, MatchesPatterns) {
  Client& one = listener(Kind::pattern, "h?llo");
  EXPECT_TRUE(hub.subscribe(one.session, Kind::channel, "hello"));
  EXPECT_EQ(hub.publish(Kind::channel, "hello", "1"), 2u);
  EXPECT_EQ(hub.publish(Kind::channel, "hallo", "2"), 1u);
  EXPECT_EQ(hub.publish(Kind::shard, "hello", "3"), 0u);
  EXPECT_EQ(output_of(one),
            "*3\r\n$7\r\nmessage\r\n$5\r\nhello\r\n$1\r\n1\r\n"
            "*4\r\n$8\r\npmessage\r\n$5\r\nh?llo\r\n$5\r\nhello\r\n$1\r\n1\r\n"
            "*4\r\n$8\r\npmessage\r\n$5\r\nh?llo\r\n$5\r\nhallo\r\n$1\r\n2\r\n");
}

TEST_F(PubSubTest, UnsubscribeReversesSubscribe) {
  Client& one = listener(Kind::channel, "a");
  EXPECT_FALSE(hub.subscribe(one.session, Kind::channel, "a"));
  EXPECT_TRUE(hub.subscribe(one.session, Kind::shard, "a"));
  EXPECT_TRUE(one.session.is_subscribed());
  EXPECT_FALSE(hub.unsubscribe(one.session, Kind::channel, "b"));
  EXPECT_FALSE(hub.unsubscribe(one.session, Kind::pattern, "a"));
  EXPECT_TRUE(hub.unsubscribe(one.session, Kind::channel, "a"));
  EXPECT_EQ(Hub::any(one.session, Kind::channel), std::nullopt);
  EXPECT_EQ(Hub::any(one.session, Kind::shard), "a");
  EXPECT_EQ(hub.subscribers(), 1u);
  EXPECT_TRUE(hub.unsubscribe(one.session, Kind::shard, "a"));
  EXPECT_FALSE(one.session.is_subscribed());
  EXPECT_EQ(one.session.attachment(engine::Attached::subscriber), nullptr);
  EXPECT_EQ(hub.subscribers(), 0u);
  EXPECT_FALSE(hub.unsubscribe(one.session, Kind::shard, "a"));
  expect_balance();
}

TEST_F(PubSubTest, SubscriptionsEndWithTheSession) {
  for (int i = 0; i < 50; ++i) {
    Client& one = client();
    for (int c = 0; c < 100; ++c) {
      hub.subscribe(one.session, static_cast<Kind>(c % 3), "c" + std::to_string((i + c) % 120));
    }
  }
  expect_balance();
  EXPECT_EQ(hub.subscribers(), 50u);
  while (clients.size() > 25) clients.pop_back();
  expect_balance();
  clients.front()->session.reset();
  EXPECT_EQ(hub.subscribers(), 24u);
  clients.clear();
  EXPECT_FALSE(hub.has_subscribers());
  for (const Kind kind : {Kind::channel, Kind::pattern, Kind::shard}) {
    EXPECT_EQ(hub.topics(kind), 0u);
  }
  EXPECT_TRUE(sessions.has_left()) << "many subscriptions go in steps";
  EXPECT_TRUE(sessions.free_left(base::Budget::unlimited()));
  expect_balance();
}

TEST_F(PubSubTest, ClosingSessionsGetNoMessages) {
  Client& one = listener(Kind::channel, "ch");
  one.session.close(engine::Closing::now);
  hub.publish(Kind::channel, "ch", "x");
  EXPECT_EQ(one.output.held_bytes(), 0u);
}

TEST_F(PubSubTest, KeyEventsArePublishedOnlyIfConfigured) {
  Client& one = listener(Kind::pattern, "__key*");
  reply({"set", "a", "1"});
  EXPECT_EQ(output_of(one), "");
  EXPECT_TRUE(registry.set({{"notify-keyspace-events", "K$"}}, {}));
  reply({"set", "a", "1"});
  reply({"del", "a"});
  EXPECT_EQ(output_of(one),
            "*4\r\n$8\r\npmessage\r\n$6\r\n__key*\r\n$16\r\n__keyspace@0__:a\r\n$3\r\nset\r\n");
  EXPECT_TRUE(registry.set({{"notify-keyspace-events", ""}}, {}));
  keyspace.db(0).put(keyspace::Key::of("a"), "1");
  EXPECT_TRUE(keyspace.log().empty());
}

TEST_F(PubSubTest, KeymissAndNewEventsAreNotChanges) {
  struct Effects final : engine::EffectSink {
    void take(const engine::Effect& effect) override { texts.push_back(engine::spelled(effect)); }
    Words texts;
  };
  Effects effects_sent;
  executor.follow(effects_sent);
  Client& one = listener(Kind::pattern, "__keyevent*");
  EXPECT_TRUE(registry.set({{"notify-keyspace-events", "Emn"}}, {}));
  watches.watch(session, "a");
  reply({"get", "a"});
  EXPECT_FALSE(engine::WatchSet::is_dirty(session));
  EXPECT_EQ(effects_sent.texts, Words{});
  EXPECT_NE(output_of(one).find("__keyevent@0__:keymiss\r\n$1\r\na\r\n"), std::string::npos);
  reply({"set", "a", "1"});
  EXPECT_EQ(effects_sent.texts, (Words{"set a 1"}));
  EXPECT_NE(output_of(one).find("__keyevent@0__:new\r\n$1\r\na\r\n"), std::string::npos);
  reply({"set", "a", "2"});
  EXPECT_EQ(output_of(one), "");
}

TEST_F(PubSubTest, KeymissEventsKeepTheirOrderAmongChanges) {
  Client& one = listener(Kind::pattern, "__keyevent*");
  EXPECT_TRUE(registry.set({{"notify-keyspace-events", "Exm"}}, {}));
  const auto position_of = [&](std::string_view event) { return output_of(one).find(event); };
  keyspace.db(0).put(keyspace::Key::of("a"), "1", keyspace::Deadline::at(clock.unix_ms() + 1));
  clock.advance_ms(1);
  reply({"get", "a"});
  const std::string text = output_of(one);
  EXPECT_LT(text.find("expired"), text.find("keymiss"));
  EXPECT_NE(text.find("keymiss"), std::string::npos);
  EXPECT_TRUE(registry.set({{"notify-keyspace-events", "Ex"}}, {}));
  reply({"get", "a"});
  EXPECT_EQ(position_of("keymiss"), std::string::npos);
  EXPECT_TRUE(keyspace.log().empty());
}

TEST_F(PubSubTest, MissesAreNotRecordedAsChanges) {
  EXPECT_TRUE(registry.set({{"notify-keyspace-events", "Em"}}, {}));
  Client& one = listener(Kind::pattern, "__keyevent*");
  static_cast<void>(keyspace.db(0).look(keyspace::Key::of("a"), keyspace::Look::read));
  EXPECT_TRUE(keyspace.log().empty());
  reply({"get", "b"});
  EXPECT_NE(output_of(one).find("keymiss\r\n$1\r\na"), std::string::npos);
}

TEST_F(PubSubTest, MonitorsGetCommands) {
  Client& one = client();
  EXPECT_TRUE(monitors.add(one.session));
  EXPECT_FALSE(monitors.add(one.session));
  EXPECT_TRUE(one.session.is_listener());
  session.db = 3;
  reply({"get", "a\"\r\n"});
  const std::string line = output_of(one);
  EXPECT_THAT(line, testing::MatchesRegex("\\+[0-9]+\\.[0-9]+ \\[3 10.0.0.1:1\\] .*\r\n"));
  EXPECT_NE(line.find(R"( "get" "a\"\r\n")"), std::string::npos);
  const std::array<std::string_view, 2> words = {"get", "a"};
  const resp::Request request{.args = words, .bytes = 0};
  executor.run(one.session, {&request, 1}, SIZE_MAX);
  EXPECT_EQ(output_of(one), "-ERR Replica can't interact with the keyspace\r\n");
  one.session.reset();
  executor.run(one.session, {&request, 1}, SIZE_MAX);
  EXPECT_EQ(output_of(one), "$-1\r\n");
  Client& another = client();
  monitors.add(another.session);
  clients.clear();
  EXPECT_EQ(reply({"get", "a"}), "$-1\r\n");
}

}  // namespace
}  // namespace larder::pubsub
