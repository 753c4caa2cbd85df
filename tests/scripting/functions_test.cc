// Libraries of functions: what loading changes, what is propagated, and their memory.

#include <limits>

#include "tests/scripting/functions_room.h"

namespace larder::scripting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::int64_t kMegabyte = 1 << 20;

class FunctionEffects : public FunctionRoom {
 protected:
  FunctionEffects() { core().executor.follow(followed); }
  ~FunctionEffects() override { core().executor.unfollow(followed); }
  std::vector<std::string> taken() { return std::exchange(followed.lines, {}); }

  engine::EffectLines followed;
};

TEST_F(FunctionEffects, ChangesOfLibrariesArePropagatedAsTheyCame) {
  const std::string code = library("a", "redis.register_function('f', function() end)");
  EXPECT_EQ(reply({"FUNCTION", "LOAD", code}), "$1\r\na\r\n");
  EXPECT_THAT(taken(), ElementsAre("0: FUNCTION LOAD " + code));
  reply({"FUNCTION", "LOAD", code});
  EXPECT_THAT(taken(), IsEmpty());
  const std::string payload = dump();
  EXPECT_EQ(reply({"FUNCTION", "DELETE", "a"}), "+OK\r\n");
  EXPECT_EQ(reply({"FUNCTION", "RESTORE", payload}), "+OK\r\n");
  EXPECT_EQ(reply({"FUNCTION", "FLUSH", "ASYNC"}), "+OK\r\n");
  EXPECT_THAT(taken(), ElementsAre("0: FUNCTION DELETE a", "0: FUNCTION RESTORE " + payload,
                                   "0: FUNCTION FLUSH ASYNC"));
  reply({"FUNCTION", "DELETE", "a"});
  reply({"FUNCTION", "LIST"});
  EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(FunctionEffects, WritesOfAFunctionFormATransaction) {
  define("f", "redis.call('SET', 'a', 1) redis.call('SET', 'b', 2)");
  taken();
  call("f");
  EXPECT_THAT(taken(), ElementsAre("0: MULTI", "0: SET a 1", "0: SET b 2", "0: EXEC"));
}

TEST_F(FunctionEffects, ChangesOfLibrariesCountForSaving) {
  const std::uint64_t before = core().keyspace.log().changes();
  define("f", "return 1");
  reply({"FUNCTION", "DELETE", "f"});
  reply({"FUNCTION", "DELETE", "f"});
  EXPECT_EQ(core().keyspace.log().changes(), before + 2);
}

class FunctionViews : public FunctionRoom {};

TEST_F(FunctionViews, MonitorsSeeTheCallBeforeItsCommands) {
  define("f", "redis.call('SET', 'k', 'v')");
  auto monitor = harness.connect();
  send(*monitor, {"MONITOR"});
  call("f");
  const std::string seen = send(*monitor, {"PING"});
  const auto function = seen.find("\"FCALL\" \"f\" \"0\"");
  const auto command = seen.find(" lua] \"SET\" \"k\" \"v\"");
  ASSERT_NE(function, std::string::npos) << seen;
  ASSERT_NE(command, std::string::npos) << seen;
  EXPECT_LT(function, command);
  EXPECT_EQ(seen.find("\"FCALL\"", function + 1), std::string::npos);
}

TEST_F(FunctionViews, KeysThatAFunctionReadsAreTracked) {
  define("f", "return redis.call('GET', 'k')");
  reply({"HELLO", "3"});
  reply({"CLIENT", "TRACKING", "ON"});
  call("f");
  auto other = harness.connect();
  send(*other, {"SET", "k", "w"});
  EXPECT_THAT(reply({"PING"}), HasSubstr("invalidate\r\n*1\r\n$1\r\nk\r\n"));
}

TEST_F(FunctionViews, CommandsAndErrorsAreCounted) {
  define("f", "return redis.call('INCR', 'k')");
  reply({"SET", "k", "v"});
  call("f");
  const std::string calls = reply({"INFO", "commandstats"});
  EXPECT_THAT(calls, HasSubstr("cmdstat_fcall:calls=1,"));
  EXPECT_THAT(calls, HasSubstr("cmdstat_incr:calls=1,"));
  EXPECT_THAT(reply({"INFO", "errorstats"}), HasSubstr("errorstat_ERR:count=1\r\n"));
}

TEST_F(FunctionViews, ThePermissionsOfTheUserApply) {
  define("f",
         "return {redis.pcall('GET', 'k'), redis.pcall('SET', 'k', 'v'), "
         "redis.acl_check_cmd('SET', 'k', 'v')}");
  reply({"ACL", "SETUSER", "bob", "on", ">x", "+fcall", "+get", "~k*"});
  reply({"AUTH", "bob", "x"});
  EXPECT_THAT(call("f"), AllOf(StartsWith("*3\r\n$-1\r\n-NOPERM "), testing::EndsWith("$-1\r\n")));
  EXPECT_THAT(reply({"FUNCTION", "LIST"}), StartsWith("-NOPERM "));
  EXPECT_THAT(reply({"FCALL", "f", "1", "x"}), StartsWith("-NOPERM "));
}

class FunctionLibrariesTest : public FunctionRoom {};

TEST_F(FunctionLibrariesTest, RestoreIsAllOrNothing) {
  define("one", "return 1");
  define("two", "return 2");
  const std::string payload = dump();
  reply({"FUNCTION", "FLUSH"});
  load("other", "redis.register_function('TWO', function() return 'other' end)");
  EXPECT_EQ(reply({"FUNCTION", "RESTORE", payload}), "-ERR Function two already exists\r\n");
  EXPECT_EQ(reply({"FUNCTION", "RESTORE", payload, "REPLACE"}),
            "-ERR Function two already exists\r\n");
  EXPECT_EQ(call("one"), "-ERR Function not found\r\n");
  EXPECT_EQ(call("two"), "$5\r\nother\r\n");
  EXPECT_EQ(reply({"FUNCTION", "RESTORE", payload, "FLUSH"}), "+OK\r\n");
  EXPECT_EQ(call("one"), ":1\r\n");
  EXPECT_EQ(call("two"), ":2\r\n");
  EXPECT_EQ(reply({"FUNCTION", "RESTORE", payload}), "-ERR Library one already exists\r\n");
  define("one", "return 'new'");
  EXPECT_EQ(reply({"FUNCTION", "RESTORE", payload, "REPLACE"}), "+OK\r\n");
  EXPECT_EQ(call("one"), ":1\r\n");
  EXPECT_EQ(field("number_of_libraries"), "2");
  EXPECT_EQ(field("number_of_functions"), "2");
}

TEST_F(FunctionLibrariesTest, ADumpKeepsTheOrder) {
  for (int i = 0; i < 50; ++i) define("f" + std::to_string(i), "return " + std::to_string(i));
  const std::string payload = dump();
  reply({"FUNCTION", "FLUSH"});
  EXPECT_EQ(reply({"FUNCTION", "RESTORE", payload}), "+OK\r\n");
  EXPECT_EQ(dump(), payload);
  EXPECT_EQ(call("f49"), ":49\r\n");
}

TEST_F(FunctionLibrariesTest, DamagedPayloadsAreRefused) {
  define("f", "return 1");
  const std::string payload = dump();
  for (std::size_t i = 0; i < payload.size(); ++i) {
    std::string damaged = payload;
    damaged[i] ^= 1;
    EXPECT_THAT(reply({"FUNCTION", "RESTORE", damaged, "FLUSH"}), StartsWith("-ERR"));
    EXPECT_THAT(reply({"FUNCTION", "RESTORE", payload.substr(0, i), "FLUSH"}), StartsWith("-ERR"));
  }
  EXPECT_EQ(call("f"), ":1\r\n");
}

TEST_F(FunctionLibrariesTest, ManyFunctionsAreFound) {
  std::string code;
  for (int i = 0; i < 3000; ++i) {
    code += "redis.register_function('f" + std::to_string(i) + "', function() return " +
            std::to_string(i) + " end) ";
  }
  load("many", code);
  define("single", "return 1");
  EXPECT_EQ(field("number_of_functions"), "3001");
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(call("F" + std::to_string(i)), ":" + std::to_string(i) + "\r\n");
  }
  reply({"FUNCTION", "DELETE", "many"});
  EXPECT_EQ(call("f7"), "-ERR Function not found\r\n");
  EXPECT_EQ(call("single"), ":1\r\n");
}

class SavedFunctions : public FunctionRoom, private engine::FunctionLibraries::Pauses {
 protected:
  static constexpr int kFunctions = 500;

  static std::string large_library() {
    std::string code;
    for (int i = 0; i < kFunctions; ++i) {
      code += "redis.register_function('f" + std::to_string(i) + "', function() return " +
              std::to_string(i) + " end)\n";
    }
    return library("large", code + "local n = 0 for i = 1, 1000000 do n = n + i end\n");
  }
  // The loading is ended in the pause with this number.
  bool load_until(int last) {
    seen_ = 0;
    last_ = last;
    return static_cast<bool>(
        core().functions.load_saved(large_library(), Functions::Existing::is_an_error, this));
  }
  int seen() const { return seen_; }

 private:
  // The server goes on, and its memory is accounted for.
  bool go_on() override {
    ++seen_;
    harness.end_turn();
    if (seen_ % 50 == 1) {
      const memory::Audit audit = core().auditor.run();
      EXPECT_TRUE(audit.balanced()) << audit.text();
    }
    return seen_ < last_;
  }

  int seen_ = 0;
  int last_ = 0;
};

// In each piece of the code, function, and ten thousand steps of a loop.
TEST_F(SavedFunctions, AreLoadedWithPauses) {
  EXPECT_TRUE(load_until(std::numeric_limits<int>::max()));
  EXPECT_GT(seen(), static_cast<int>(large_library().size() >> 13) + kFunctions + 100);
  EXPECT_EQ(call("f499"), ":499\r\n");
}

TEST_F(SavedFunctions, AreNotLoadedAfterAPauseThatEndsIt) {
  for (const int pauses : {1, 2, 5, 100, 500, 510, 600}) {
    EXPECT_FALSE(load_until(pauses)) << pauses;
    EXPECT_EQ(field("number_of_functions"), "0");
    EXPECT_EQ(call("f0"), "-ERR Function not found\r\n");
  }
  EXPECT_TRUE(load_until(std::numeric_limits<int>::max()));
}

class FunctionTime : public FunctionRoom {
 protected:
  FunctionTime() : FunctionRoom("script-time-limit 50\n") { harness.clock().us_per_reading = 1000; }
};

TEST_F(FunctionTime, LoadingEnds) {
  EXPECT_EQ(load("a", "while true do end"),
            "-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n");
  EXPECT_EQ(load("a",
                 "redis.register_function('f', function() end) local s = 'x' while true do "
                 "s = s:rep(1) end"),
            "-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n");
  EXPECT_EQ(field("number_of_functions"), "0");
  EXPECT_EQ(run("return 1"), ":1\r\n");
}

TEST_F(FunctionTime, FunctionsEnd) {
  EXPECT_THAT(run("while true do end"), HasSubstr("Script ended"));
  EXPECT_THAT(run("while true do pcall(function() while true do end end) end"),
              HasSubstr("Script ended"));
  EXPECT_EQ(run("return 1"), ":1\r\n");
}

class FunctionMemory : public FunctionRoom {
 protected:
  FunctionMemory() : FunctionRoom("script-memory-limit 10mb\n") {}
  void free_garbage() {
    while (harness.end_turn()) {
    }
  }
};

TEST_F(FunctionMemory, IsReported) {
  EXPECT_EQ(field("used_memory_vm_functions"), "0");
  define("f", "return 1");
  EXPECT_EQ(field("number_of_libraries"), "1");
  EXPECT_GT(std::stoll(field("used_memory_vm_functions")), 10'000);
  EXPECT_GT(std::stoll(field("used_memory_functions")), 100);
  EXPECT_EQ(
      std::stoll(field("used_memory_vm_functions")) + std::stoll(field("used_memory_functions")),
      script_bytes());
  EXPECT_THAT(reply({"MEMORY", "STATS"}),
              HasSubstr("functions.caches\r\n:" + field("used_memory_functions") + "\r\n"));
  reply({"FUNCTION", "FLUSH", "SYNC"});
  EXPECT_EQ(script_bytes(), 0);
  EXPECT_EQ(field("used_memory_vm_functions"), "0");
  EXPECT_EQ(field("used_memory_functions"), "0");
}

TEST_F(FunctionMemory, ARunAndLoadingEndAtTheLimit) {
  EXPECT_THAT(run("local t = {} for i = 1, 1e9 do t[i] = {i} end"), HasSubstr("not enough memory"));
  EXPECT_THAT(load("a", "local t = {} for i = 1, 1e9 do t[i] = {i} end"),
              HasSubstr("not enough memory"));
  EXPECT_LT(script_bytes(), 2 * kMegabyte);
  EXPECT_EQ(run("return 1"), ":1\r\n");
}

TEST_F(FunctionMemory, WhatLibrariesKeepIsBounded) {
  load("a",
       "local kept = {} redis.register_function('grow', function() "
       "kept[#kept + 1] = ('x'):rep(1000000) .. #kept return #kept end) "
       "redis.register_function('drop', function() kept = {} end)");
  std::string last;
  for (int i = 0; i < 100; ++i) last = call("grow");
  EXPECT_THAT(last, HasSubstr("not enough memory"));
  EXPECT_LT(script_bytes(), 21 * kMegabyte);
  EXPECT_GT(script_bytes(), 5 * kMegabyte);
  call("drop");
  EXPECT_EQ(call("grow"), ":1\r\n");
  reply({"FUNCTION", "DELETE", "a"});
  free_garbage();
  EXPECT_LT(script_bytes(), kMegabyte);
}

TEST_F(FunctionMemory, ReplacedLibrariesAreFreed) {
  const std::string text(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(define("f", "return #'" + text + std::to_string(i) + "'"), "$1\r\nf\r\n");
  }
  free_garbage();
  EXPECT_LT(script_bytes(), 5 * kMegabyte);
}

class FunctionCode : public FunctionRoom {};

TEST_F(FunctionCode, IsBounded) {
  const std::string text(std::size_t{4} << 20, 'x');
  std::string last;
  int loaded = 0;
  for (int i = 0; i < 40 && (loaded == i); ++i) {
    const std::string name = "f" + std::to_string(i);
    last = define(name, "return #'" + text + "'");
    loaded += last.front() == '$' ? 1 : 0;
  }
  EXPECT_THAT(last, StartsWith("-ERR The libraries of functions may take 64 MB together"));
  EXPECT_GT(loaded, 5);
  EXPECT_LT(loaded, 17);
  EXPECT_EQ(call("f0"), ":4194304\r\n");
  EXPECT_EQ(define("f0", "return 1"), "$2\r\nf0\r\n");
  EXPECT_EQ(define("g", "return 2"), "$1\r\ng\r\n");
}

// A description is one text for Lua, and a copy for each function.
TEST_F(FunctionMemory, DescriptionsAreBounded) {
  EXPECT_EQ(
      load("a",
           "local d = ('x'):rep(300000) for i = 1, 5 do redis.register_function{"
           "function_name = 'f' .. i, description = d, callback = function() end} end"),
      "-ERR Error registering functions: ERR The names and descriptions of a library may take "
      "1 MB\r\n");
  EXPECT_EQ(field("number_of_functions"), "0");
}

TEST_F(FunctionMemory, DroppedLibrariesAreFreedInLaterTurns) {
  for (int i = 0; i < 200; ++i) {
    define("f" + std::to_string(i), "return {" + std::string(5000, '{') + "}");
    define("f" + std::to_string(i), "return 'x" + std::string(5000, 'x') + "'");
  }
  reply({"FUNCTION", "FLUSH", "ASYNC"});
  free_garbage();
  EXPECT_LT(script_bytes(), kMegabyte);
}

// Every allocation of loading and running fails once.
TEST_F(FunctionMemory, AnyAllocationMayFail) {
  const std::string code = library(
      "lib",
      "local kept = {} redis.register_function('f', function(k, a) kept[1] = a[1] .. 'x' "
      "redis.call('SET', k[1], a[1]) return {redis.call('GET', k[1]), kept[1], {1, 2}} end) "
      "redis.register_function{function_name = 'g', description = 'text', flags = {'no-writes'}, "
      "callback = function() return redis.pcall('SET', 'a', 1) end}");
  const std::vector<std::vector<std::string>> steps = {
      {"FUNCTION", "LOAD", code}, {"FCALL", "f", "1", "k", "v"}, {"FCALL_RO", "g", "0"}};
  for (const auto& step : steps) {
    SCOPED_TRACE(step[0]);
    const bool loads = step[0] == "FUNCTION";
    reply({"FUNCTION", "FLUSH"});
    reply(steps[0]);
    if (loads) reply({"FUNCTION", "DELETE", "lib"});
    bool refused = true;
    for (int n = 1; refused && n < 100'000; ++n) {
      core().functions.refuse_memory_from(static_cast<std::uint64_t>(n));
      const std::string got = reply(step);
      refused = core().functions.has_refused_memory();
      core().functions.refuse_memory_from(0);
      ASSERT_FALSE(got.empty());
      if (loads && got.front() == '-') {
        EXPECT_EQ(field("number_of_functions"), "0");
      }
      if (loads) reply({"FUNCTION", "DELETE", "lib"});
    }
    EXPECT_FALSE(refused);
  }
  reply(steps[0]);
  EXPECT_EQ(reply(steps[1]), "*3\r\n$1\r\nv\r\n$2\r\nvx\r\n*2\r\n:1\r\n:2\r\n");
}

}  // namespace
}  // namespace larder::scripting
