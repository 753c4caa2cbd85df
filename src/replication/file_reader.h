#pragma once

// Reads a file piece by piece in the worker thread, for a replica that is sent what the file holds.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "larder/disk/worker.h"
#include "larder/memory/audit.h"

namespace larder::replication {

// A file without a name. When the last one who uses it drops it, the worker closes it, because the
// system may take long to give back the space of a large file.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  // A new file in the working folder; null, and errno, if it cannot be made.
  static std::shared_ptr<OpenFile> make_unnamed(disk::Worker& worker);
  int descriptor() const { return descriptor_; }

 private:
  class Closing;
  const int descriptor_;
};

class FileReaders;

class FileReader final : private disk::Task {
 public:
  // Who reads.
  class User {
   public:
    // The next piece is there.
    virtual void piece_arrived() = 0;
    virtual void read_failed(int error) = 0;

   protected:
    ~User() = default;
  };
  static constexpr std::size_t kPieceBytes = 256 * 1024;

  // What has been read of the file from `position` on, before `end`. If it is nothing, the worker
  // reads it now, and the user is told.
  std::string_view at(const std::shared_ptr<OpenFile>& file, std::uint64_t position,
                      std::uint64_t end);
  // The user is gone. The reader ends when the worker does not use it any more.
  void leave();
  std::size_t held_bytes() const;

 private:
  friend class FileReaders;
  FileReader(FileReaders& home, User& user) : home_(home), user_(&user) {}
  ~FileReader() override;

  void work() override;
  void done() override;

  FileReaders& home_;
  User* user_;  // null after leave()
  std::shared_ptr<OpenFile> file_;
  char* buffer_ = nullptr;
  std::uint64_t position_ = 0;  // in the file, of the buffer's first byte
  std::size_t wanted_ = 0;
  std::size_t read_ = 0;
  int error_ = 0;
  bool is_posted_ = false;
};

// All readers, also those whose users have left.
class FileReaders {
 public:
  explicit FileReaders(disk::Worker& worker) : worker_(worker) {}
  ~FileReaders();
  FileReaders(const FileReaders&) = delete;
  FileReaders& operator=(const FileReaders&) = delete;

  FileReader& make(FileReader::User& user);
  std::size_t held_bytes() const;

 private:
  friend class FileReader;
  void remove(FileReader& reader);

  disk::Worker& worker_;
  std::vector<FileReader*> readers_;
};

}  // namespace larder::replication
