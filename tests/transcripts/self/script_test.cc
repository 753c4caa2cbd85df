#include "tests/transcripts/script.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/transcripts/words.h"

namespace larder::transcripts {
namespace {

base::Result<Script> read(const std::string& text) {
  std::string path = (std::filesystem::temp_directory_path() / "script-XXXXXX").string();
  close(mkstemp(path.data()));
  std::ofstream(path) << text;
  auto script = read_script(path);
  std::filesystem::remove(path);
  return script;
}

TEST(Words, AreQuotedAsInRedisCli) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(split_words("SET  k \"a b\\x00\\n\""), (Words{"SET", "k", std::string("a b\0\n", 5)}));
  EXPECT_EQ(split_words("'it\\'s \\n' {3*ab} {x}"), (Words{"it's \\n", "ababab", "{x}"}));
  EXPECT_EQ(split_words("\"\" ''"), (Words{"", ""}));
  EXPECT_EQ(split_words("\"open"), std::nullopt);
  EXPECT_EQ(split_words("\"a\"b"), std::nullopt);
}

TEST(Words, AreEncodedAsARequest) {
  EXPECT_EQ(encode_request({"GET", ""}), "*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
}

TEST(Script, HoldsCasesWithStepsAndReplies) {
  const auto script = read(
      "@larder\n# One\n> GET k\n<~ .*\n<3 _\n@read\n< (none)\n\n// no step\n# Two\n@resp3\n"
      "@conn 2\n@advance 1500\n@conf hz 20\n>! \"PING\\r\\n\"\n");
  ASSERT_TRUE(script) << script.error().text;
  const auto& cases = script.value().cases;
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[0].title, "One");
  EXPECT_TRUE(cases[0].larder_only && cases[1].larder_only);
  EXPECT_TRUE(cases[0].resp2);
  EXPECT_FALSE(cases[1].resp2);
  ASSERT_EQ(cases[0].steps.size(), 2u);
  EXPECT_EQ(cases[0].steps[0].expected[0].how, Expectation::How::regex);
  EXPECT_EQ(cases[0].steps[0].expected3[0].text, "_");
  EXPECT_EQ(cases[0].steps[0].last_line, 5);
  ASSERT_EQ(cases[1].steps.size(), 4u);
  EXPECT_EQ(cases[1].steps[1].number, 1500);
  EXPECT_EQ(cases[1].steps[3].bytes, "PING\r\n");
}

TEST(Script, ReportsTheLineOfAnError) {
  const auto refused = [](const std::string& text) {
    const auto script = read(text);
    const std::string error = script ? "" : script.error().text;
    return error.substr(error.rfind(':', error.rfind(':') - 1) + 1);
  };
  EXPECT_EQ(refused("> GET k\n"), "1: a command before the first case");
  EXPECT_EQ(refused("# One\n< +OK\n"), "2: a reply without a command");
  EXPECT_EQ(refused("# One\n> GET \"k\n"), "2: the command has unbalanced quotes or no words");
  EXPECT_EQ(refused("# One\n@nosuch\n"), "2: an unknown directive");
  EXPECT_EQ(refused("# One\nGET k\n"), "2: a line begins with #, @, >, < or //");
  EXPECT_NE(refused("\n"), "");
}

}  // namespace
}  // namespace larder::transcripts
