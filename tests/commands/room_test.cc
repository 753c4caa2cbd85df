// Commands that compute the size of their result are rejected if it cannot fit below maxmemory, and
// no key is evicted for them.

#include <cstdlib>

#include "keyspace_commands.h"

namespace larder::commands {
namespace {

constexpr const char* kOutOfMemory = "-OOM command not allowed when used memory > 'maxmemory'.";

class Room : public KeyspaceCommands {
 protected:
  void SetUp() override {
    KeyspaceCommands::SetUp();
    fill();
    dump_ = dumped("set");
    settle();
  }
  void fill() {
    for (int i = 0; i < 2000; ++i) run({"SET", "key:" + std::to_string(i), text_});
    const std::string large(600'000, 'x');
    run({"SET", "text", large});
    for (int i = 0; i < 8000; ++i) {
      const std::string member = "member:" + std::to_string(i);
      run({"SADD", "set", member});
      run({"ZADD", "zset", std::to_string(i), member});
      run({"RPUSH", "list", member});
    }
    for (int i = 0; i < 8000; ++i) {
      run({"GEOADD", "geo", "15.0", "37.5", "place:" + std::to_string(i)});
    }
  }
  void TearDown() override {
    limit(0);
    KeyspaceCommands::TearDown();
  }
  void settle() {
    while (executor.end_turn()) {
    }
    change_lines.lines.clear();
  }
  std::string dumped(std::string_view name) {
    const std::array<std::string_view, 2> args{"DUMP", name};
    const resp::Request request{args};
    executor.run(session, {&request, 1}, SIZE_MAX);
    const std::string reply = resp::taken(output);
    const std::size_t start = reply.find("\r\n") + 2;
    return reply.substr(start, reply.size() - start - 2);
  }
  std::string run(const std::vector<std::string>& words) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    return KeyspaceCommands::run(resp::Args(args));
  }
  using KeyspaceCommands::run;
  void limit(std::uint64_t bytes) {
    ASSERT_TRUE(registry.set({{"maxmemory", std::to_string(bytes)}}, {}));
  }
  void policy(const std::string& name) {
    ASSERT_TRUE(registry.set({{"maxmemory-policy", name}}, {}));
  }
  std::uint64_t held() const { return evictor.counted_bytes(); }

  // Every command that stores something large, 200 KB and more.
  std::vector<std::vector<std::string>> large_commands() const {
    return {{"SETRANGE", "new", "300000", "x"},
            {"SETRANGE", "text", "900000", "x"},
            {"APPEND", "new", std::string(300'000, 'x')},
            {"APPEND", "text", std::string(300'000, 'x')},
            {"SETBIT", "new", "2400000", "1"},
            {"BITFIELD", "new", "SET", "u8", "2400000", "1"},
            {"BITOP", "NOT", "new", "text"},
            {"COPY", "text", "new"},
            {"COPY", "set", "new"},
            {"RESTORE", "new", "0", dump_},
            {"SORT", "list", "ALPHA", "STORE", "new"},
            {"SUNIONSTORE", "new", "set"},
            {"SINTERSTORE", "new", "set"},
            {"SDIFFSTORE", "new", "set"},
            {"ZUNIONSTORE", "new", "1", "zset"},
            {"ZINTERSTORE", "new", "1", "zset"},
            {"ZDIFFSTORE", "new", "1", "zset"},
            {"ZRANGESTORE", "new", "zset", "0", "-1"},
            {"GEOSEARCHSTORE", "new", "geo", "FROMLONLAT", "15", "37", "BYRADIUS", "500", "km"}};
  }

  const std::string text_ = std::string(100, 'x');
  std::string dump_;
};

TEST_F(Room, WriteIsRejectedIfEvictionCannotHelp) {
  policy("noeviction");
  for (const auto& command : large_commands()) {
    limit(held() + 20'000);
    EXPECT_EQ(run(command), kOutOfMemory) << command[0];
    EXPECT_EQ(run({"EXISTS", "new"}), ":0") << command[0];
    EXPECT_EQ(run({"STRLEN", "text"}), ":600000") << command[0];
    limit(0);
    settle();
  }
}

TEST_F(Room, IsMadeByEviction) {
  policy("allkeys-random");
  for (const auto& command : large_commands()) {
    limit(held() + 20'000);
    // The key of the command itself may be evicted.
    EXPECT_NE(run(command), kOutOfMemory) << command[0];
    // The test's list of changes counts as used memory too.
    const auto most = static_cast<std::uint64_t>(eviction_settings.maxmemory.value()) + (1 << 20);
    EXPECT_LE(held(), most) << command[0];
    limit(0);
    keyspace.flush_all();
    settle();
    fill();
  }
}

TEST_F(Room, EvictsNothingIfEvictionWouldNotSuffice) {
  policy("allkeys-lru");
  limit(held() + 20'000);
  const std::string offset = std::to_string(eviction_settings.maxmemory.value() + 100'000);
  EXPECT_EQ(run({"SETRANGE", "new", offset, "x"}), kOutOfMemory);
  EXPECT_EQ(run({"SETBIT", "new", offset + "0", "1"}), kOutOfMemory);
  EXPECT_EQ(run({"BITFIELD", "new", "SET", "u8", "#" + offset, "1"}), kOutOfMemory);
  EXPECT_EQ(eviction_metrics.evicted_keys.value(), 0u);
  EXPECT_TRUE(change_lines.lines.empty());
}

}  // namespace
}  // namespace larder::commands
