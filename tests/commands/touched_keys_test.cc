// The keys that a command looks up or writes are among those that its row declares. Permissions,
// COMMAND GETKEYS, tracking and slots depend on this. Calls are made from the rows' `arguments`,
// with options repeated, in any order and with the names of other options. Each word of a call that
// is not declared as a key is an expired key: a lookup removes it, which the test detects.

#include <algorithm>
#include <set>

#include "larder/engine/keys.h"
#include "tests/commands/call_maker.h"
#include "tests/commands/keyspace_commands.h"

namespace larder::commands {
namespace {

using std::string_literals::operator""s;

// Keys, members and patterns are often named like options.
CallValues values() {
  return {.integers = {"0", "1", "1", "2", "3"},
          .doubles = {"0", "1", "1.5", "200"},
          .times = {"1", "99999999999"},
          .names = {"a",     "b",     "c",     "a",       "b",       "0",     "1",
                    "g",     "u8",    "m",     ">",       "0-0",     "*",     "BY",
                    "GET",   "STORE", "COUNT", "STREAMS", "LIMIT",   "GROUP", "STOREDIST",
                    "BLOCK", "MATCH", "KEYS",  "EX",      "WEIGHTS", "DB",    "AGGREGATE"}};
}

class TouchedKeys : public KeyspaceCommands {
 protected:
  std::vector<std::string_view> views(const Words& words) const {
    return {words.begin(), words.end()};
  }
  std::string run_words(const Words& words) {
    const auto args = views(words);
    const std::string reply = run(resp::Args(args));
    if (session.is_blocked()) waiters.forget(session);
    return reply;
  }

  void make(const std::string& key, types::Type type) {
    switch (type) {
      case types::Type::string:
        run({"SET", key, "1"});
        break;
      case types::Type::list:
        run({"RPUSH", key, "1", "2", "a"});
        break;
      case types::Type::set:
        run({"SADD", key, "1", "a", "b"});
        break;
      case types::Type::sorted_set:
        run({"GEOADD", key, "1", "1", "a", "1", "1.0001", "1"});
        break;
      case types::Type::hash:
        run({"HSET", key, "a", "1", "1", "2"});
        break;
      case types::Type::stream:
        run({"XADD", key, "1-0", "a", "1"});
        run({"XGROUP", "CREATE", key, "g", "0"});
        break;
    }
  }

  // Stores the words of the call that are not declared keys, as expired keys.
  std::set<std::string> poison(const Words& words, const std::set<std::string>& declared) {
    std::set<std::string> poisoned;
    for (const std::string& word : words) {
      if (declared.count(word) == 0 && !word.empty()) poisoned.insert(word);
    }
    for (const std::string& word : poisoned) run({"SET", word, "1", "PX", "5"});
    clock.advance_ms(10'000);
    return poisoned;
  }
  bool is_untouched(const std::string& name) {
    const auto key = keyspace::Key::of(name);
    const keyspace::Entry* entry = keyspace.db(0).entries().find(key.name, key.hash);
    return entry != nullptr && entry->expired(clock.unix_ms());
  }

  void forget(const Words& words) {
    for (const std::string& word : words) {
      for (std::size_t i = 0; i < keyspace.databases(); ++i) {
        keyspace.db(i).erase(keyspace::Key::of(word));
      }
    }
  }

  // Runs the call on keys of a type; false if it replied with an error.
  bool check(const engine::Command& row, const Words& words, types::Type type) {
    const auto args = views(words);
    const auto found = engine::find_keys(row, args);
    std::set<std::string> declared;
    if (found) {
      for (const auto& key : *found) declared.insert(words[key.position]);
    }
    for (const std::string& key : declared) make(key, type);
    const auto poisoned = poison(words, declared);
    const std::string reply = run_words(words);
    for (const std::string& name : poisoned) {
      if (is_untouched(name)) continue;
      std::string call;
      for (const std::string& word : words) call += word + " ";
      ADD_FAILURE() << call << "touched '" << name << "' and answered " << reply;
    }
    forget(words);
    executor.end_turn();
    return reply.front() != '-';
  }
};

TEST_F(TouchedKeys, AreDeclared) {
  constexpr int kCalls = 150;
  CallMaker maker(rng, values());
  int rows_with_keys = 0;
  int done = 0;
  for (const engine::BoundCommand* command : table.commands()) {
    std::vector<const engine::BoundCommand*> all(command->children.begin(),
                                                 command->children.end());
    all.push_back(command);
    for (const engine::BoundCommand* each : all) {
      const engine::Command& row = *each->row;
      if (!engine::names_keys(row)) continue;
      ++rows_with_keys;
      for (int i = 0; i < kCalls && !HasFailure(); ++i) {
        Words words = maker.call(row);
        // The keys that match a pattern of SORT are not declared; SORT requires the permission
        // to read all keys.
        if (row.name.rfind("sort", 0) == 0) std::replace(words.begin(), words.end(), "*"s, "a"s);
        done += check(row, words, static_cast<types::Type>(rng.below(types::kTypes)));
      }
    }
  }
  EXPECT_GT(rows_with_keys, 150);
  EXPECT_GT(done, 1'000);
}

struct Call {
  const char* title;
  Words words;
  const char* target;
};

// If an option is repeated, the last one applies, for key declarations as for the command.
TEST_F(TouchedKeys, FollowTheLastOfRepeatedOptions) {
  const Call calls[] = {
      {"georadius", {"GEORADIUS", "src", "1", "1", "9", "km", "STORE", "a", "STORE", "b"}, "b"},
      {"georadius",
       {"GEORADIUS", "src", "1", "1", "9", "km", "STOREDIST", "a", "COUNT", "2", "STORE", "b"},
       "b"},
      {"georadius", {"GEORADIUS", "src", "1", "1", "9", "km", "STORE", "STORE", "STORE", "b"}, "b"},
      {"georadiusbymember",
       {"GEORADIUSBYMEMBER", "src", "a", "9", "km", "STORE", "b", "STOREDIST", "STORE"},
       "STORE"},
      {"sort", {"SORT", "src", "STORE", "BY", "STORE", "b", "ALPHA"}, "b"},
      {"sort", {"SORT", "src", "ALPHA", "STORE", "a", "BY", "STORE", "STORE", "LIMIT"}, "LIMIT"},
  };
  for (const Call& call : calls) {
    make("src", types::Type::sorted_set);
    const auto args = views(call.words);
    const auto found = engine::find_keys(*table.find(call.title)->row, args);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 2u) << call.title;
    EXPECT_EQ(args[found->at(0).position], "src");
    EXPECT_EQ(args[found->at(1).position], call.target);
    EXPECT_EQ(run_words(call.words), ":2") << call.title;
    EXPECT_EQ(run({"EXISTS", call.target}), ":1");
    EXPECT_EQ(keyspace.db(0).size(), 2u) << call.title;
    forget({"src", call.target});
  }
}

TEST_F(TouchedKeys, FollowTheWordStreams) {
  const Words calls[] = {
      {"XREADGROUP", "COUNT", "1", "GROUP", "STREAMS", "c", "STREAMS", "s", ">"},
      {"XREADGROUP", "GROUP", "STREAMS", "STREAMS", "NOACK", "STREAMS", "s", ">"},
      {"XREADGROUP", "GROUP", "g", "BLOCK", "COUNT", "1", "STREAMS", "s", ">"},
  };
  for (const Words& words : calls) {
    const auto found = engine::find_keys(*table.find("xreadgroup")->row, views(words));
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    EXPECT_EQ(words[found->front().position], "s");
  }
}

}  // namespace
}  // namespace larder::commands
