// The cases of tests/scripting/golden/: texts of scripts, and what they gave in redis-server
// (record_goldens.py). LARDER_GOLDENS names another folder, with more cases.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/scripting/lua_state.h"

namespace larder::scripting {
namespace {

constexpr const char* kFolder = "tests/scripting/golden";

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::filesystem::path folder() {
  const char* other = std::getenv("LARDER_GOLDENS");
  return other != nullptr ? other : kFolder;
}

class Goldens : public testing::TestWithParam<const char*> {};

TEST_P(Goldens, GiveWhatRedisGives) {
  const std::string show = contents(std::filesystem::path(kFolder) / "show.lua");
  ASSERT_FALSE(show.empty());
  std::ifstream file(folder() / (std::string(GetParam()) + ".txt"));
  std::string script;
  std::string expected;
  int cases = 0;
  while (std::getline(file, script) && std::getline(file, expected)) {
    ASSERT_EQ(script.substr(0, 2), "> ");
    ASSERT_EQ(expected.substr(0, 2), "< ");
    LuaState state;
    const std::string body =
        show + "return show_all(pcall(function() " + script.substr(2) + "\nend))\n";
    EXPECT_EQ(state.run(body), expected.substr(2)) << script;
    ++cases;
  }
  EXPECT_GE(cases, 100);
}

INSTANTIATE_TEST_SUITE_P(Libraries, Goldens,
                         testing::Values("bit", "struct_pack", "struct_unpack", "cmsgpack_pack",
                                         "cmsgpack_unpack", "cjson_encode", "cjson_decode",
                                         "cjson_settings", "search"),
                         [](const auto& tested) { return std::string(tested.param); });

}  // namespace
}  // namespace larder::scripting
