#include "src/replication/sync_payload.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace larder::replication {
namespace {

struct Nobody final : FileReader::User {
  void piece_arrived() override {}
  void read_failed(int error) override { ADD_FAILURE() << "errno " << error; }
};

class PipePayloadTest : public testing::Test {
 protected:
  ~PipePayloadTest() override { ::close(writing_); }

  // As much as the pipe of the system holds.
  void write_some() {
    std::string text(64 * 1024, '\0');
    for (char& c : text) c = value_at(written_++);
    ASSERT_EQ(::write(writing_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void write_and_relieve(std::size_t bytes, const PipePayload::Bounds& bounds) {
    for (const std::uint64_t end = written_ + bytes; written_ < end;) {
      ASSERT_NO_FATAL_FAILURE(write_some());
      payload_->fill_more(bounds);
      worker_.finish();
    }
  }
  static char value_at(std::uint64_t position) {
    return static_cast<char>(position * 2654435761u >> 13);
  }
  // Reads all that there is, as a replica does.
  void expect_whole() {
    while (position_ < written_) {
      std::string_view got = payload_->at(position_, reader_);
      if (got.empty()) {
        worker_.finish();
        payload_->fill();
        got = payload_->at(position_, reader_);
      }
      ASSERT_FALSE(got.empty()) << position_;
      for (const std::size_t i : {std::size_t{0}, got.size() / 2, got.size() - 1}) {
        ASSERT_EQ(got[i], value_at(position_ + i)) << position_;
      }
      position_ += got.size();
      payload_->drop_before(position_);
    }
  }

  static constexpr std::uint64_t kPlenty = 1 << 30;

  base::Log log_;
  disk::Worker worker_{{.place = disk::Worker::Place::caller}};
  FileReaders readers_{worker_};
  Nobody user_;
  FileReader& reader_ = readers_.make(user_);
  std::shared_ptr<Spill> spill_ = std::make_shared<Spill>(worker_, log_);
  std::shared_ptr<PipePayload> payload_ = PipePayload::make(spill_);
  const int writing_ = payload_->calls().create("");
  std::uint64_t written_ = 0;
  std::uint64_t position_ = 0;
};

TEST_F(PipePayloadTest, GivesToTheDiskWhatCommandsWaitFor) {
  write_and_relieve(20 << 20, {.on_disk = kPlenty, .in_memory = kPlenty});
  EXPECT_LT(payload_->held_bytes() + spill_->held_bytes(), 1u << 20);
  EXPECT_GT(spill_->bytes(), 19u << 20);
  EXPECT_TRUE(payload_->fill());
  EXPECT_FALSE(payload_->fill());
  expect_whole();
  EXPECT_EQ(spill_->bytes(), 0u);
  write_and_relieve(3 << 20, {.on_disk = kPlenty, .in_memory = kPlenty});
  EXPECT_GT(spill_->bytes(), 1u << 20);
  expect_whole();
}

TEST_F(PipePayloadTest, KeepsWithinTheBoundOfTheDisk) {
  constexpr PipePayload::Bounds kBounds{.on_disk = 2 << 20, .in_memory = kPlenty};
  write_and_relieve(4 << 20, kBounds);
  EXPECT_LE(spill_->bytes(), 2u << 20);
  const std::uint64_t before = payload_->held_bytes();
  while (payload_->held_bytes() < 8u << 20) {
    ASSERT_NO_FATAL_FAILURE(write_some());
    payload_->fill_more(kBounds);
  }
  EXPECT_GT(payload_->held_bytes(), before);
  // The pipe is full now.
  ASSERT_NO_FATAL_FAILURE(write_some());
  payload_->fill_more(kBounds);
  EXPECT_LT(payload_->held_bytes(), (8u << 20) + (64u << 10));
  expect_whole();
}

TEST_F(PipePayloadTest, StaysInMemoryWithoutTheDisk) {
  write_and_relieve(3 << 20, {.on_disk = 0, .in_memory = 4 << 20});
  EXPECT_EQ(spill_->bytes(), 0u);
  EXPECT_EQ(payload_->held_bytes(), 3u << 20);
  expect_whole();
}

TEST_F(PipePayloadTest, LeavesNothingOnTheDisk) {
  write_and_relieve(5 << 20, {.on_disk = kPlenty, .in_memory = kPlenty});
  payload_.reset();
  EXPECT_EQ(spill_->bytes(), 0u);
  worker_.finish();
  EXPECT_TRUE(spill_->is_idle());
  EXPECT_EQ(spill_->held_bytes(), 0u);
}

}  // namespace
}  // namespace larder::replication
