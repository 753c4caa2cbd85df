#include "keyspace_commands.h"
#include "larder/memory/heap.h"

namespace larder::commands {
namespace {

class Strings : public KeyspaceCommands {};

TEST_F(Strings, GrownByAppendWasteAtMostOneSizeClass) {
  const std::string piece(100, 'x');
  std::size_t moves = 0;
  std::size_t before = 0;
  for (std::size_t size = 100; size <= (1u << 20); size += 100) {
    run({"APPEND", "k", piece});
    if (size % 10'000 != 0) continue;
    executor.end_turn();
    const auto* entry = keyspace.db(0).look(keyspace::Key::of("k"), keyspace::Look::untouched);
    const std::size_t held = entry->footprint();
    EXPECT_LE(held, memory::dataset_class(size) + size / 4 + 64);
    moves += held != before ? 1 : 0;
    before = held;
  }
  // Four size classes to a doubling, eight in the page store: seven doublings from 10 kB to 1 MB.
  EXPECT_LE(moves, memory::kHasPageStore ? 56u : 32u);
  EXPECT_EQ(run({"STRLEN", "k"}), ":1048500");
}

TEST_F(Strings, RemainValidForTheReplyOfTheCommandThatReplacesThem) {
  const std::string text(300, 'a');
  run({"SET", "k", text});
  EXPECT_EQ(run({"SET", "k", std::string(300, 'b'), "GET"}), "\"" + text + "\"");
  run({"SET", "k", text});
  EXPECT_EQ(run({"GETSET", "k", std::string(300, 'c')}), "\"" + text + "\"");
}

TEST_F(Strings, LcsUsesBoundedMemory) {
  const std::string a(10'000, 'x');
  const std::string b = std::string(5'000, 'y') + std::string(5'000, 'x');
  run({"MSET", "a", a, "b", b});
  const auto before = memory::used_bytes();
  EXPECT_EQ(run({"LCS", "a", "b", "LEN"}), ":5000");
  EXPECT_EQ(run({"LCS", "a", "b"}), "\"" + std::string(5'000, 'x') + "\"");
  EXPECT_LE(memory::used_bytes(), before + (64 << 10));
}

TEST_F(Strings, LcsRejectsStringsAboveTheLimit) {
  const std::string text(12'000, 'x');
  run({"MSET", "a", text, "b", text});
  EXPECT_EQ(run({"LCS", "a", "b", "LEN"}),
            "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
}

TEST_F(Strings, KeepTheirWrongTypeErrors) {
  // No command of these families makes another type, so a string is made to look like a list:
  // byte 3 of an entry is its type.
  run({"SET", "l", "v"});
  auto* entry = keyspace.db(0).look(keyspace::Key::of("l"), keyspace::Look::untouched);
  auto& type = reinterpret_cast<std::uint8_t*>(entry)[3];
  const std::uint8_t as_string = type;
  type |= static_cast<std::uint8_t>(types::Type::list);
  ASSERT_EQ(entry->type(), types::Type::list);
  const std::string wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
  EXPECT_EQ(run({"GET", "l"}), wrong);
  EXPECT_EQ(run({"GETSET", "l", "v"}), wrong);
  EXPECT_EQ(run({"GETDEL", "l"}), wrong);
  EXPECT_EQ(run({"GETEX", "l", "EX", "0"}), wrong);
  EXPECT_EQ(run({"SET", "l", "v", "GET"}), wrong);
  EXPECT_EQ(run({"SET", "l", "v", "NX", "GET"}), wrong);
  EXPECT_EQ(run({"SET", "l", "v", "IFEQ", "v"}), wrong);
  EXPECT_EQ(run({"DELIFEQ", "l", "v"}), wrong);
  EXPECT_EQ(run({"APPEND", "l", "v"}), wrong);
  EXPECT_EQ(run({"STRLEN", "l"}), wrong);
  EXPECT_EQ(run({"GETRANGE", "l", "0", "1"}), wrong);
  EXPECT_EQ(run({"SETRANGE", "l", "0", ""}), wrong);
  EXPECT_EQ(run({"SETRANGE", "l", "99999999999", "x"}), wrong);
  EXPECT_EQ(run({"INCR", "l"}), wrong);
  EXPECT_EQ(run({"INCRBYFLOAT", "l", "x"}), wrong);
  EXPECT_EQ(run({"LCS", "l", "x", "FOO"}), "-ERR The specified keys must contain string values");
  EXPECT_EQ(run({"LCS", "x", "l"}), "-ERR The specified keys must contain string values");
  EXPECT_EQ(run({"MGET", "l"}), "*1\n  $-1");
  EXPECT_EQ(run({"SETNX", "l", "v"}), ":0");
  type = as_string;
}

TEST_F(Strings, ListThousandsOfKeysOnce) {
  for (int i = 0; i < 5'000; ++i) run({"SET", "key:" + std::to_string(i), "v"});
  const std::string all = run({"KEYS", "*"});
  EXPECT_EQ(all.substr(0, all.find('\n')), "*5000");
  std::size_t seen = 0;
  std::string cursor = "0";
  do {
    const std::string page = run({"SCAN", cursor, "COUNT", "100"});
    cursor = page.substr(6, page.find('"', 6) - 6);
    for (auto at = page.find("key:"); at != std::string::npos; at = page.find("key:", at + 1))
      ++seen;
  } while (cursor != "0");
  EXPECT_EQ(seen, 5'000u);
}

TEST_F(Strings, MgetOfManyKeysFindsEach) {
  std::vector<std::string> names;
  std::string expected = "*100";
  for (int i = 0; i < 100; ++i) {
    names.push_back("k" + std::to_string(i));
    run({"SET", names.back(), "v" + std::to_string(i)});
    expected += "\n  \"v" + std::to_string(i) + "\"";
  }
  std::vector<std::string_view> words{"MGET"};
  words.insert(words.end(), names.begin(), names.end());
  EXPECT_EQ(run(resp::Args(words)), expected);
}

}  // namespace
}  // namespace larder::commands
