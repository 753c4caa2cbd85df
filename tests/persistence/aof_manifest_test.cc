#include "larder/persistence/aof_manifest.h"

#include <gtest/gtest.h>

namespace larder::persistence {
namespace {

std::string reason(std::string_view text) {
  AofManifest manifest;
  const auto failure = manifest.read(text);
  return failure ? failure->reason : std::string();
}

TEST(AofManifest, ReadsWhatItPrints) {
  const std::string text =
      "file appendonly.aof.2.base.rdb seq 2 type b\n"
      "file appendonly.aof.1.incr.aof seq 1 type h\n"
      "file \"with blank.aof.2.incr.aof\" seq 2 type i\n"
      "file appendonly.aof.3.incr.aof seq 3 type i\n";
  AofManifest manifest;
  EXPECT_FALSE(manifest.read(text));
  EXPECT_EQ(manifest.base->name, "appendonly.aof.2.base.rdb");
  EXPECT_EQ(manifest.history.size(), 1U);
  EXPECT_EQ(manifest.incr.front().name, "with blank.aof.2.incr.aof");
  EXPECT_EQ(manifest.incr_seq(), 3);
  EXPECT_EQ(manifest.print(), text);
}

TEST(AofManifest, AcceptsCommentsOtherPairsAndAnyOrder) {
  AofManifest manifest;
  EXPECT_FALSE(
      manifest.read("# a comment\ntype i seq 4 file a.aof newkey newvalue\r\n"
                    "FILE b.rdb SEQ 7 TYPE b\n"));
  EXPECT_EQ(manifest.base_seq(), 7);
  EXPECT_EQ(manifest.incr_seq(), 4);
}

TEST(AofManifest, RefusesWithRedissReasons) {
  const std::string good = "file a.1.incr.aof seq 1 type i\n";
  EXPECT_EQ(reason(""), "Found an empty AOF manifest");
  EXPECT_EQ(reason("file a seq 1 type i"), "The AOF manifest file contains too long line");
  EXPECT_EQ(reason("file " + std::string(1100, 'a') + " seq 1 type i\n"),
            "The AOF manifest file contains too long line");
  EXPECT_EQ(reason("\n"), "Invalid AOF manifest file format");
  EXPECT_EQ(reason("file a seq 1\n"), "Invalid AOF manifest file format");
  EXPECT_EQ(reason("file a seq 1 type\n"), "Invalid AOF manifest file format");
  EXPECT_EQ(reason("file a seq 0 type i\n"), "Invalid AOF manifest file format");
  EXPECT_EQ(reason("file a seq x type i\n"), "Invalid AOF manifest file format");
  EXPECT_EQ(reason("file \"a seq 1 type i\n"), "Invalid AOF manifest file format");
  EXPECT_EQ(reason("file b/a seq 1 type i\n"), "File can't be a path, just a filename");
  EXPECT_EQ(reason("file a seq 1 type x\n"), "Unknown AOF file type");
  EXPECT_EQ(reason(good + good), "Found a non-monotonic sequence number");
  EXPECT_EQ(reason("file a seq 1 type b\nfile b seq 2 type b\n"),
            "Found duplicate base file information");
}

TEST(AofManifest, NamesTheLineThatIsWrong) {
  AofManifest manifest;
  const auto failure = manifest.read("file a seq 1 type i\n# c\nfile b seq 1 type i\n");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->line, 3);
  EXPECT_EQ(failure->text, "file b seq 1 type i");
}

TEST(AofManifest, ANewBaseReplacesAllButTheLastIncrement) {
  const AofNames names("dir", "a.aof");
  AofManifest manifest;
  manifest.base = manifest.next_base(names, BaseFormat::rdb);
  manifest.incr.push_back(manifest.next_incr(names));
  manifest.incr.push_back(manifest.next_incr(names));
  manifest.incr.push_back(manifest.next_incr(names));
  manifest.replace_base(manifest.next_base(names, BaseFormat::commands));
  EXPECT_EQ(manifest.print(),
            "file a.aof.2.base.aof seq 2 type b\n"
            "file a.aof.1.base.rdb seq 1 type h\n"
            "file a.aof.1.incr.aof seq 1 type h\n"
            "file a.aof.2.incr.aof seq 2 type h\n"
            "file a.aof.3.incr.aof seq 3 type i\n");
  EXPECT_EQ(names.path(names.manifest()), "dir/a.aof.manifest");
}

}  // namespace
}  // namespace larder::persistence
