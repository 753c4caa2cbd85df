#include "file_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

#include "larder/memory/heap.h"

namespace larder::replication {
namespace {

constexpr auto kReaderOwner = memory::Owner::replicas;

}  // namespace

OpenFile::~OpenFile() { ::close(descriptor_); }

class OpenFile::Closing final : public disk::Task {
 public:
  explicit Closing(OpenFile* file) : file_(file) {}
  void work() override { file_.reset(); }
  void done() override { delete this; }

 private:
  std::unique_ptr<OpenFile> file_;
};

std::shared_ptr<OpenFile> OpenFile::make_unnamed(disk::Worker& worker) {
  std::string name = "temp-replicas-" + std::to_string(::getpid()) + ".XXXXXX";
  const int made = ::mkostemp(name.data(), O_CLOEXEC);
  if (made < 0) return nullptr;
  ::unlink(name.c_str());
  return {new OpenFile(made), [&worker](OpenFile* file) { worker.post(*new Closing(file)); }};
}

FileReader::~FileReader() {
  if (buffer_ != nullptr) memory::release(kReaderOwner, buffer_, kPieceBytes);
}

std::size_t FileReader::held_bytes() const {
  return buffer_ == nullptr ? 0 : memory::size_class(kPieceBytes);
}

std::string_view FileReader::at(const std::shared_ptr<OpenFile>& file, std::uint64_t position,
                                std::uint64_t end) {
  if (is_posted_) return {};
  if (file == file_ && position >= position_ && position < position_ + read_) {
    const std::size_t from = position - position_;
    return {buffer_ + from, std::min<std::size_t>(read_ - from, end - position)};
  }
  if (buffer_ == nullptr) {
    buffer_ = static_cast<char*>(memory::allocate(kReaderOwner, kPieceBytes));
  }
  file_ = file;
  position_ = position;
  wanted_ = std::min<std::uint64_t>(kPieceBytes, end - position);
  read_ = 0;
  is_posted_ = true;
  home_.worker_.post(*this);
  return {};
}

void FileReader::work() {
  error_ = 0;
  while (read_ < wanted_) {
    const ssize_t got = ::pread(file_->descriptor(), buffer_ + read_, wanted_ - read_,
                                static_cast<off_t>(position_ + read_));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      error_ = got == 0 ? ENODATA : errno;
      return;
    }
    read_ += static_cast<std::size_t>(got);
  }
}

void FileReader::done() {
  is_posted_ = false;
  if (user_ == nullptr) return home_.remove(*this);
  error_ == 0 ? user_->piece_arrived() : user_->read_failed(error_);
}

void FileReader::leave() {
  user_ = nullptr;
  if (!is_posted_) home_.remove(*this);
}

FileReaders::~FileReaders() {
  worker_.finish();
  while (!readers_.empty()) remove(*readers_.back());
  worker_.finish();
}

FileReader& FileReaders::make(FileReader::User& user) {
  readers_.push_back(new FileReader(*this, user));
  return *readers_.back();
}

void FileReaders::remove(FileReader& reader) {
  std::erase(readers_, &reader);
  delete &reader;
}

std::size_t FileReaders::held_bytes() const {
  std::size_t bytes = 0;
  for (const FileReader* reader : readers_) bytes += reader->held_bytes();
  return bytes;
}

}  // namespace larder::replication
