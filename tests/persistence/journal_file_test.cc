#include "src/persistence/journal_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "larder/persistence/snapshot_file.h"
#include "src/persistence/aof_file_reader.h"
#include "src/persistence/journal_stream.h"
#include "src/persistence/ring_recovery.h"
#include "tests/persistence/aof_text.h"

namespace larder::persistence {
namespace {

// Writes few bytes at once, and lets one call fail after some bytes of it.
class FlakyCalls final : public JournalCalls {
 public:
  std::ptrdiff_t write_at(int file, const iovec* pieces, int count, std::uint64_t offset) override {
    if (calls++ == fails_at) {
      errno = ENOSPC;
      return -1;
    }
    while (count > 1 && pieces->iov_len == 0) ++pieces, --count;
    const iovec first{pieces->iov_base, std::min<std::size_t>(pieces->iov_len, most)};
    return JournalCalls::write_at(file, &first, 1, offset);
  }
  std::size_t most = 7;
  int calls = 0;
  int fails_at = -1;
};

class Files : public ::testing::Test {
 protected:
  Files() {
    char name[] = "/tmp/larder_file_XXXXXX";
    folder_ = ::mkdtemp(name);
    manifest_.incr.push_back(manifest_.next_incr(names()));
  }
  ~Files() override { std::filesystem::remove_all(folder_); }

  AofNames names() const { return {folder_, "a.aof"}; }
  std::string path() const { return names().path("a.aof.1.incr.aof"); }
  std::unique_ptr<JournalRing> ring() const {
    return std::move(JournalRing::create(names().path("a.aof.ring"), {1, 1, 0}).value());
  }
  int create() { return calls_.create(path().c_str()); }
  static engine::Effect effect(const std::string& request) {
    return {0, engine::Reach::everybody, request};
  }

  // The commands of the file, without SELECT; everything must be verified.
  std::vector<std::string> read() const {
    FileSource source;
    EXPECT_TRUE(source.open(path()).value());
    AofFileReader reader(source);
    std::vector<std::string> found;
    resp::Batch batch;
    for (;;) {
      const auto failure = reader.prepare();
      EXPECT_FALSE(failure);
      if (failure || !reader.has_ready()) break;
      while (reader.has_ready()) {
        reader.cut(batch);
        for (const auto& request : batch.requests()) {
          if (request.args[0] != "SELECT") found.emplace_back(request.args.back());
        }
      }
    }
    EXPECT_EQ(reader.verified(), reader.offset());
    return found;
  }

  std::string folder_;
  FlakyCalls calls_;
  AofManifest manifest_;
  base::Log log_;
};

TEST_F(Files, HasGroupsWithSumsHoweverItIsWritten) {
  const auto ring = this->ring();
  JournalStream stream(*ring);
  JournalFile file(calls_, *ring);
  file.open(create(), {1, 1, 0});
  std::vector<std::string> written;
  for (int i = 0; i < 40; ++i) {
    written.push_back(std::string(static_cast<std::size_t>(i * 3), 'x') + std::to_string(i));
    stream.add(effect(command({"SET", "k", written.back()})));
    if (i % 3 == 0) continue;
    stream.publish();
    EXPECT_FALSE(file.move());
  }
  stream.publish();
  EXPECT_FALSE(file.move());
  EXPECT_EQ(read(), written);
  EXPECT_EQ(file.written(), stream.end());
  EXPECT_EQ(file.bytes(), std::filesystem::file_size(path()));
}

TEST_F(Files, AFailedWriteLeavesTheFileAsItWas) {
  for (int fails_at = 0;; ++fails_at) {
    const auto ring = this->ring();
    JournalStream stream(*ring);
    JournalFile file(calls_, *ring);
    calls_.calls = 0;
    calls_.fails_at = fails_at;
    file.open(create(), {1, 1, 0});
    int failures = 0;
    for (int i = 0; i < 3; ++i) {
      stream.add(effect(command({"SET", "k", std::to_string(i)})));
      stream.publish();
      const std::uint64_t before = std::filesystem::file_size(path());
      const JournalFailure failed = file.move();
      if (!failed) continue;
      ++failures;
      EXPECT_EQ(failed.reason, ENOSPC);
      EXPECT_EQ(std::filesystem::file_size(path()), before);
    }
    EXPECT_FALSE(file.move());
    EXPECT_EQ(read(), (std::vector<std::string>{"0", "1", "2"}));
    if (failures == 0) break;
  }
  EXPECT_GT(calls_.fails_at, 10);
}

TEST_F(Files, NothingBehindTheLimitIsWritten) {
  const auto ring = this->ring();
  JournalStream stream(*ring);
  JournalFile file(calls_, *ring);
  file.open(create(), {1, 1, 0});
  stream.add(effect(command({"SET", "k", "first"})));
  const std::uint64_t limit = stream.end();
  file.limit(limit);
  stream.add(effect(command({"SET", "k", "second"})));
  stream.publish();
  EXPECT_FALSE(file.move());
  EXPECT_EQ(file.written(), limit);
  EXPECT_EQ(read(), std::vector<std::string>{"first"});
}

// Killed at any byte of a write, the next start has every effect that was published.
TEST_F(Files, ARingCompletesTheFile) {
  for (int fails_at = 0; fails_at < 20; ++fails_at) {
    {
      const auto ring = this->ring();
      JournalStream stream(*ring);
      JournalFile file(calls_, *ring);
      calls_.fails_at = -1;
      file.open(create(), {1, 1, 0});
      stream.add(effect(command({"SET", "k", "first"})));
      stream.publish();
      EXPECT_FALSE(file.move());
      stream.add(effect(command({"SET", "k", "second"})));
      stream.publish();
      // As if it were killed within the write: what is there stays.
      const std::uint64_t before = std::filesystem::file_size(path());
      const std::string part =
          (command({"SET", "k", "second"}) + "#LC:00000000:1:2").substr(0, fails_at * 2);
      const int out = ::open(path().c_str(), O_WRONLY);
      EXPECT_EQ(::pwrite(out, part.data(), part.size(), static_cast<off_t>(before)),
                static_cast<ssize_t>(part.size()));
      ::close(out);
    }
    log_.level(base::LogLevel::nothing);
    EXPECT_TRUE(recover_from_ring(calls_, log_, names(), manifest_));
    EXPECT_EQ(read(), (std::vector<std::string>{"first", "second"}));
    // Once more changes nothing.
    EXPECT_TRUE(recover_from_ring(calls_, log_, names(), manifest_));
    EXPECT_EQ(read(), (std::vector<std::string>{"first", "second"}));
  }
}

TEST_F(Files, AFileThatAnotherProgramHasWrittenIsLeftAlone) {
  {
    const auto ring = this->ring();
    JournalStream stream(*ring);
    JournalFile file(calls_, *ring);
    file.open(create(), {1, 1, 0});
    stream.add(effect(command({"SET", "k", "in the ring"})));
    stream.publish();
  }
  const std::string other = command({"SET", "k", "by another program"});
  const int out = ::open(path().c_str(), O_WRONLY);
  EXPECT_EQ(::pwrite(out, other.data(), other.size(), 0), static_cast<ssize_t>(other.size()));
  ::close(out);
  log_.level(base::LogLevel::nothing);
  EXPECT_TRUE(recover_from_ring(calls_, log_, names(), manifest_));
  EXPECT_EQ(std::filesystem::file_size(path()), other.size());
}

}  // namespace
}  // namespace larder::persistence
