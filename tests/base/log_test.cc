#include "larder/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace larder::base {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class LogFile : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log_.write_to(path_)); }
  void TearDown() override {
    std::remove(path_.c_str());
    std::remove(moved_.c_str());
  }

  static std::string read(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string path_ = testing::TempDir() + "larder-log-" + std::to_string(getpid());
  std::string moved_ = path_ + ".1";
  Log log_;
};

TEST_F(LogFile, WritesEachLineInRedissFormatImmediately) {
  log_.notice("Ready to accept connections tcp");
  EXPECT_THAT(read(path_), MatchesRegex(std::to_string(getpid()) +
                                        ":M [0-9][0-9] [A-Z][a-z][a-z] [0-9][0-9][0-9][0-9] "
                                        "[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\\.[0-9][0-9][0-9] \\* "
                                        "Ready to accept connections tcp\n"));
}

TEST_F(LogFile, MarksLevelAndRole) {
  log_.level(LogLevel::debug);
  log_.role(LogRole::replica);
  log_.debug("one");
  log_.verbose("two");
  log_.role(LogRole::child);
  log_.warning("three");
  const std::string text = read(path_);
  EXPECT_THAT(text, HasSubstr(":S "));
  EXPECT_THAT(text, HasSubstr(" . one\n"));
  EXPECT_THAT(text, HasSubstr(" - two\n"));
  EXPECT_THAT(text, HasSubstr(":C "));
  EXPECT_THAT(text, HasSubstr(" # three\n"));
}

TEST_F(LogFile, OmitsLinesBelowTheLevel) {
  log_.level(LogLevel::warning);
  log_.notice("quiet");
  EXPECT_EQ(read(path_), "");
  log_.level(LogLevel::nothing);
  log_.warning("quiet");
  EXPECT_EQ(read(path_), "");
  EXPECT_FALSE(log_.wants(LogLevel::warning));
}

TEST_F(LogFile, WritesPlaceholdersAndNulBytesUnchanged) {
  log_.notice(std::string_view("{} %s \0 x", 9));
  EXPECT_THAT(read(path_), HasSubstr(std::string(" * {} %s \0 x\n", 13)));
  log_.write_raw("banner\n");
  EXPECT_THAT(read(path_), testing::EndsWith("x\nbanner\n"));
}

TEST_F(LogFile, AppendsAndReopensAFileThatWasMoved) {
  log_.notice("before");
  ASSERT_EQ(std::rename(path_.c_str(), moved_.c_str()), 0);
  log_.notice("after");
  EXPECT_THAT(read(moved_), HasSubstr("before"));
  EXPECT_THAT(read(path_), HasSubstr("after"));
  Log again;
  ASSERT_TRUE(again.write_to(path_));
  again.notice("appended");
  EXPECT_THAT(read(path_), HasSubstr("after"));
  EXPECT_THAT(read(path_), HasSubstr("appended"));
}

TEST_F(LogFile, ReportsWhyAFileCannotBeOpened) {
  const auto result = log_.write_to("/nonexistent-folder/log");
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().text, HasSubstr("No such file or directory"));
  EXPECT_EQ(log_.path(), path_);
}

}  // namespace
}  // namespace larder::base
