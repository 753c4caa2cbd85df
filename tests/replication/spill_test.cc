#include "src/replication/spill.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace larder::replication {
namespace {

struct Reading final : FileReader::User {
  void piece_arrived() override { ++arrived; }
  void read_failed(int error) override { ADD_FAILURE() << "errno " << error; }
  int arrived = 0;
};

class SpillTest : public testing::Test {
 protected:
  // Both have the same bytes, whose values tell their offsets.
  void append(std::size_t bytes) {
    std::string text(bytes, '\0');
    for (char& c : text) c = value_at(next_++);
    backlog_.append(text);
  }
  static char value_at(std::int64_t offset) {
    return static_cast<char>(offset * 2654435761u >> 13);
  }
  void spill_all() {
    while (backlog_.has_whole_chunk() && spill_.may_take()) spill_.take(backlog_);
  }
  std::string_view read(std::int64_t offset) {
    std::string_view got = spill_.at(offset, reader_);
    if (got.empty()) {
      worker_.finish();
      got = spill_.at(offset, reader_);
    }
    return got;
  }
  void expect_right(std::int64_t offset) {
    const std::string_view got = read(offset);
    ASSERT_FALSE(got.empty());
    for (const std::size_t i : {std::size_t{0}, got.size() / 2, got.size() - 1}) {
      ASSERT_EQ(got[i], value_at(offset + static_cast<std::int64_t>(i)));
    }
  }

  base::Log log_;
  disk::Worker worker_{{.place = disk::Worker::Place::caller}};
  FileReaders readers_{worker_};
  Reading user_;
  FileReader& reader_ = readers_.make(user_);
  Backlog backlog_;
  Spill spill_{worker_, log_};
  std::int64_t next_ = 1;
};

TEST_F(SpillTest, ServesWhatIsWrittenAndWhatIsNot) {
  append(10 * Backlog::kChunkBytes + 17);
  spill_all();
  EXPECT_EQ(spill_.first(), 1);
  EXPECT_EQ(backlog_.size(), 17u);
  EXPECT_GT(spill_.held_bytes(), 0u);
  expect_right(1);
  expect_right(5 * Backlog::kChunkBytes + 3);
  worker_.finish();
  EXPECT_EQ(spill_.held_bytes(), 0u);
  expect_right(1);
  expect_right(9 * Backlog::kChunkBytes + 3);
  EXPECT_GT(user_.arrived, 0);
}

TEST_F(SpillTest, TakesNoMoreThanItsBoundWhileTheDiskIsSlow) {
  append(200 * Backlog::kChunkBytes);
  spill_all();
  EXPECT_FALSE(spill_.may_take());
  EXPECT_LE(spill_.held_bytes(), 64 * Backlog::kChunkBytes);
  worker_.finish();
  EXPECT_TRUE(spill_.may_take());
}

TEST_F(SpillTest, ReadsAndDropsAcrossFiles) {
  while (spill_.bytes() < 2 * Spill::kFileBytes) {
    append(32 * Backlog::kChunkBytes);
    spill_all();
    worker_.finish();
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 40; ++i) {
    const std::int64_t at = 1 + static_cast<std::int64_t>(random() % spill_.bytes());
    ASSERT_NO_FATAL_FAILURE(expect_right(at));
  }
  const auto edge = static_cast<std::int64_t>(Spill::kFileBytes);
  EXPECT_EQ(read(edge).size(), 1u);
  expect_right(edge + 1);
  spill_.drop_before(edge + 100);
  EXPECT_FALSE(spill_.holds(edge));
  expect_right(edge + 100);
  spill_.drop_before(backlog_.first());
  EXPECT_TRUE(spill_.empty());
  worker_.finish();
}

TEST_F(SpillTest, BeginsAnewBehindAGapWhileTheWorkerStillWrites) {
  append(4 * Backlog::kChunkBytes);
  spill_all();
  spill_.clear();
  EXPECT_TRUE(spill_.empty());
  append(3 * Backlog::kChunkBytes);
  backlog_.drop_chunk();
  const std::int64_t first = backlog_.first();
  spill_all();
  EXPECT_EQ(spill_.first(), first);
  expect_right(first + 5);
  worker_.finish();
  EXPECT_EQ(spill_.held_bytes(), 0u);
  expect_right(first + 5);
}

}  // namespace
}  // namespace larder::replication
