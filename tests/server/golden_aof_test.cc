// Append-only files that redis-server 7.0.15 wrote, with all types, a transaction, functions and
// groups of streams: several files with either base, and the single file of older versions.
// `digest` is what DEBUG DIGEST said there.

#include <gtest/gtest.h>

#include <filesystem>

#include "child.h"
#include "snapshot_folder.h"

namespace larder::server {
namespace {

using harness::Harness;

// Tests begin in the root of the source.
const std::filesystem::path kGolden =
    std::filesystem::current_path() / "tests" / "server" / "golden_aof_corpus";

struct NobodyServed final : persistence::LoadingHost {
  bool serve() override { return true; }
};

class GoldenAof : public SnapshotFolder, public ::testing::WithParamInterface<const char*> {
 protected:
  std::unique_ptr<Harness> start() {
    auto made = std::make_unique<Harness>("appendonly yes\n");
    NobodyServed host;
    EXPECT_EQ(made->core().load(host), persistence::Loading::done);
    EXPECT_TRUE(made->core().journal.begin());
    return made;
  }
};

TEST_P(GoldenAof, IsLoadedAndContinued) {
  std::filesystem::copy(kGolden / GetParam(), ".", std::filesystem::copy_options::recursive);
  const std::string digest = "+" + read_file("digest").substr(0, 40) + "\r\n";
  {
    const auto harness = start();
    const auto client = harness->connect();
    EXPECT_EQ(client->exchange("DEBUG DIGEST\r\n"), digest);
    EXPECT_EQ(client->exchange("GET text\r\nGET number\r\nSCARD set\r\nEXISTS hash\r\n"),
              "$10\r\nvalue more\r\n$6\r\n-12344\r\n:129\r\n:0\r\n");
    EXPECT_EQ(client->exchange("PEXPIRETIME due\r\nPEXPIRETIME zset\r\n"),
              ":4000000000123\r\n:4000000000123\r\n");
    EXPECT_EQ(client->exchange("XPENDING stream group\r\n"),
              "*4\r\n:1\r\n$3\r\n5-1\r\n$3\r\n5-1\r\n*1\r\n*2\r\n$5\r\nalice\r\n$1\r\n1\r\n");
    EXPECT_EQ(client->exchange("SELECT 9\r\nMGET elsewhere behind\r\n"),
              "+OK\r\n*2\r\n$1\r\n9\r\n$1\r\n1\r\n");
    EXPECT_EQ(harness->core().functions.libraries(), 1u);
    EXPECT_TRUE(harness->core().auditor.run().balanced());
    client->exchange("SELECT 0\r\nSET more 1\r\n");
    harness->core().journal.close();
  }
  const auto harness = start();
  EXPECT_EQ(harness->connect()->exchange("MGET text more\r\n"),
            "*2\r\n$10\r\nvalue more\r\n$1\r\n1\r\n");
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenAof,
                         ::testing::Values("rdb_base", "command_base", "single",
                                           "single_with_rdb"));

}  // namespace
}  // namespace larder::server
