#include "larder/types/set.h"

#include <set>

#include "keyspace_commands.h"

namespace larder::commands {
namespace {

class Sets : public KeyspaceCommands {
 protected:
  std::size_t footprint_of(std::string_view key) {
    return keyspace.db(0).look(keyspace::Key::of(key), keyspace::Look::untouched)->footprint();
  }
  // Lines of an aggregate's reply, without its head.
  static std::set<std::string> items(const std::string& reply) {
    std::set<std::string> lines;
    std::size_t at = reply.find('\n');
    while (at != std::string::npos) {
      const std::size_t end = reply.find('\n', at + 1);
      lines.insert(reply.substr(at + 1, end == std::string::npos ? end : end - at - 1));
      at = end;
    }
    return lines;
  }
};

TEST_F(Sets, ReplicateChangesAsSent) {
  EXPECT_EQ(effects_of({"SADD", "s", "a", "b"}), "0 SADD s a b");
  EXPECT_EQ(effects_of({"SREM", "s", "a", "x"}), "0 SREM s a x");
  EXPECT_EQ(effects_of({"SMOVE", "s", "t", "b"}), "0 SMOVE s t b");
  EXPECT_EQ(effects_of({"SINTERSTORE", "d", "t", "t"}), "0 SINTERSTORE d t t");
  EXPECT_EQ(effects_of({"SUNIONSTORE", "d", "t"}), "0 SUNIONSTORE d t");
  EXPECT_EQ(effects_of({"SDIFFSTORE", "d", "t", "t"}), "0 SDIFFSTORE d t t");
}

TEST_F(Sets, ReplicateNothingWhenNothingChanged) {
  run({"SADD", "s", "a"});
  EXPECT_EQ(effects_of({"SADD", "s", "a"}), "");
  EXPECT_EQ(effects_of({"SREM", "s", "x"}), "");
  EXPECT_EQ(effects_of({"SREM", "none", "x"}), "");
  EXPECT_EQ(effects_of({"SMOVE", "s", "t", "x"}), "");
  EXPECT_EQ(effects_of({"SMOVE", "s", "s", "a"}), "");
  EXPECT_EQ(effects_of({"SPOP", "none"}), "");
  EXPECT_EQ(effects_of({"SPOP", "s", "0"}), "");
  EXPECT_EQ(effects_of({"SRANDMEMBER", "s"}), "");
  EXPECT_EQ(effects_of({"SINTERSTORE", "none", "a", "b"}), "");
}

TEST_F(Sets, ReplicateSpopAsSrem) {
  run({"SADD", "s", "a"});
  EXPECT_EQ(effects_of({"SPOP", "s"}), "0 SREM s a");
  run({"SADD", "i", "7"});
  EXPECT_EQ(effects_of({"SPOP", "i"}), "0 SREM i 7");
  run({"SADD", "s", "a", "b"});
  EXPECT_EQ(effects_of({"SPOP", "s", "2"}), "0 DEL s");
  ASSERT_TRUE(registry.set({{"lazyfree-lazy-server-del", "yes"}}, {}));
  run({"SADD", "s", "a", "b"});
  EXPECT_EQ(effects_of({"SPOP", "s", "5"}), "0 UNLINK s");
  run({"SADD", "s", "a", "b", "c"});
  effect_lines.lines.clear();
  const std::string popped = run({"SPOP", "s", "1"});
  const std::string member = popped.substr(popped.find('"') + 1, 1);
  EXPECT_EQ(effect_lines.lines, std::vector<std::string>{"0 SREM s " + member});
}

// Redis frees the popped set and a temporary copy of it in its thread.
TEST_F(Sets, PoppedWhollyCountTwiceAmongLazilyFreedObjects) {
  const auto freed_by = [this](std::initializer_list<std::string_view> words, int members) {
    for (int i = 0; i < members; ++i) run({"SADD", "s", "m" + std::to_string(i)});
    run(words);
    keyspace.graveyard().drain(base::Budget::unlimited());
    return keyspace.graveyard().take_freed();
  };
  EXPECT_EQ(freed_by({"SPOP", "s", "1000"}, 129), 0u);
  ASSERT_TRUE(registry.set({{"lazyfree-lazy-server-del", "yes"}}, {}));
  // A listpack is one allocation.
  EXPECT_EQ(freed_by({"SPOP", "s", "1000"}, 128), 0u);
  EXPECT_EQ(freed_by({"SPOP", "s", "1000"}, 129), 2u);
}

// Redis collects these replies in a temporary set; that of SINTER is written at once.
TEST_F(Sets, CollectedRepliesCountAmongLazilyFreedObjects) {
  for (int i = 0; i < 129; ++i) run({"SADD", "s", "m" + std::to_string(i)});
  for (int i = 0; i < 513; ++i) run({"SADD", "i", std::to_string(i)});
  const auto freed_by = [this](std::initializer_list<std::string_view> words) {
    run(words);
    return keyspace.graveyard().take_freed();
  };
  EXPECT_EQ(freed_by({"SUNION", "s", "none"}), 0u);
  ASSERT_TRUE(registry.set({{"lazyfree-lazy-server-del", "yes"}}, {}));
  EXPECT_EQ(freed_by({"SUNION", "s", "none"}), 1u);
  EXPECT_EQ(freed_by({"SDIFF", "s", "none"}), 1u);
  EXPECT_EQ(freed_by({"SINTER", "s", "s"}), 0u);
  EXPECT_EQ(freed_by({"SUNION", "i"}), 1u);
  run({"SREM", "s", "m0"});
  run({"SREM", "i", "0"});
  EXPECT_EQ(freed_by({"SUNION", "s"}), 0u) << "a listpack is one allocation";
  EXPECT_EQ(freed_by({"SUNION", "i"}), 0u) << "an intset too";
}

TEST_F(Sets, PublishTheirEvents) {
  EXPECT_EQ(changes_of({"SADD", "s", "a", "b"}), "s sadd s@0");
  EXPECT_EQ(changes_of({"SADD", "s", "a"}), "");
  EXPECT_EQ(changes_of({"SREM", "s", "a"}), "s srem s@0");
  EXPECT_EQ(changes_of({"SMOVE", "s", "t", "b"}), "s srem s@0\ng del s@0\ns sadd t@0");
  EXPECT_EQ(changes_of({"SREM", "t", "b"}), "s srem t@0\ng del t@0");
  run({"SADD", "s", "a", "b"});
  run({"SADD", "t", "a"});
  EXPECT_EQ(changes_of({"SMOVE", "s", "t", "a"}), "s srem s@0");
  EXPECT_EQ(changes_of({"SINTERSTORE", "d", "t", "t"}), "s sinterstore d@0");
  EXPECT_EQ(changes_of({"SUNIONSTORE", "d", "t", "s"}), "s sunionstore d@0");
  EXPECT_EQ(changes_of({"SDIFFSTORE", "d", "t"}), "s sdiffstore d@0");
  EXPECT_EQ(changes_of({"SDIFFSTORE", "d", "t", "t"}), "g del d@0");
  EXPECT_EQ(changes_of({"SPOP", "s"}), "s spop s@0\ng del s@0");
  run({"SADD", "s", "a", "b", "c"});
  EXPECT_EQ(changes_of({"SPOP", "s", "2"}), "s spop s@0");
  EXPECT_EQ(changes_of({"SPOP", "s", "2"}), "s spop s@0\ng del s@0");
}

TEST_F(Sets, ScanReturnsEveryMemberOfATable) {
  std::vector<std::string> members;
  for (int i = 0; i < 500; ++i) members.push_back("member:" + std::to_string(i));
  std::vector<std::string_view> words = {"SADD", "s"};
  words.insert(words.end(), members.begin(), members.end());
  EXPECT_EQ(run(resp::Args(words)), ":500");
  std::set<std::string> seen;
  std::string cursor = "0";
  int steps = 0;
  do {
    const std::string reply = run({"SSCAN", "s", cursor, "COUNT", "20"});
    const std::size_t quote = reply.find('"');
    cursor = reply.substr(quote + 1, reply.find('"', quote + 1) - quote - 1);
    seen.merge(items(reply.substr(reply.find('\n', quote) + 1)));
    ++steps;
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 500u);
  EXPECT_GT(steps, 10);
}

TEST_F(Sets, CountEveryByteOfTheirStorage) {
  run({"SADD", "s", "1", "2"});
  // The entry with its key and pointer, the intset of two integers.
  EXPECT_EQ(footprint_of("s"), memory::dataset_class(8 + 1 + 8) + memory::dataset_class(8 + 2 * 2));
  run({"SADD", "s", "abc"});
  // Six bytes of header, two small integers of two bytes, a text with two more bytes, the end.
  EXPECT_EQ(footprint_of("s"),
            memory::dataset_class(8 + 1 + 8) + memory::dataset_class(6 + 4 + 5 + 1));
}

}  // namespace
}  // namespace larder::commands
