// How loading ends when a file is not whole: what an interrupted write has left at the end is
// removed, and damage anywhere else stops the start.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "aof_loader.h"
#include "crc32c.h"
#include "larder/persistence/snapshot_file.h"

namespace larder::persistence {
namespace {

using Kind = AofFailure::Kind;

// Longer ends are no interrupted write: what Larder writes at once is bounded by its ring.
constexpr std::uint64_t kMostTail = 16 << 20;

base::Result<void> truncate_file(const std::string& path, std::uint64_t size) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return base::Error{std::strerror(errno)};
  const bool done = ::ftruncate(file, static_cast<off_t>(size)) == 0 && ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  return done ? base::Result<void>() : base::Error{std::strerror(reason)};
}

// Reads the groups of the text, which begins at `offset` of the file. The first `verified` bytes of
// the file are whole.
AofRest read_rest(std::string_view text, std::uint64_t offset, std::uint64_t verified) {
  AofRest rest{.is_empty = text.find_first_not_of('\0') == std::string_view::npos};
  for (std::size_t at = text.find("\n#LC:"); at != std::string_view::npos;
       at = text.find("\n#LC:", at + 1)) {
    const std::size_t line = at + 1;
    const auto sum = read_group_sum(text.substr(line, text.find('\r', line) - line));
    if (!sum || sum->bytes > line || sum->offset != offset + line - sum->bytes) continue;
    const std::string_view group = text.substr(line - sum->bytes, sum->bytes);
    if (crc32c(0, group) != sum->crc) continue;
    rest.has_groups = true;
    rest.was_on_disk |= sum->synced > verified;
  }
  return rest;
}

}  // namespace

// Larger rests are not read: damage before them is not at the end.
AofRest AofLoader::rest_of(const File& file, std::uint64_t offset, std::uint64_t verified) const {
  if (file.bytes - offset > kMostTail) return {.was_on_disk = true};
  FileSource source;
  const auto opened = source.open(file.path);
  if (!opened || !opened.value() || !source.skip(offset)) return {.was_on_disk = true};
  std::string text(file.bytes - offset, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = source.read(text.data() + size, text.size() - size);
    if (!got || got.value() == 0) break;
    size += got.value();
  }
  return read_rest(std::string_view(text).substr(0, size), offset, verified);
}

// In a file with groups what follows the last verified one is removed, because any part of it may
// have reached the disk and any part not. In a file of Redis whole commands are kept, as Redis
// does.
Loading AofLoader::end_early(const File& file, const AofFailure& failure, const AofFileReader& at) {
  AofFileReader& reader = const_cast<AofFileReader&>(at);
  if (failure.kind == Kind::source) return refuse(file, failure);
  const bool is_near = failure.offset - at.verified() <= kMostTail;
  bool has_groups = at.verified() > 0 && is_near;
  bool is_tail = failure.kind == Kind::truncated;
  if (!is_tail && is_near) {
    const AofRest rest = rest_of(file, failure.offset, at.verified());
    has_groups |= rest.has_groups;
    is_tail = !rest.was_on_disk && (has_groups || rest.is_empty);
  }
  if (!is_tail || !file.is_last || !parts_.settings.aof_load_truncated.value()) {
    return refuse(file, failure);
  }
  const bool is_transaction = transaction_ && !reader.has_ready();
  if (has_groups && !is_transaction && !transaction_) {
    reader.drop_ready();
    return cut_off(file, at.verified());
  }
  if (const Loading ran = run_ready(reader, file); ran != Loading::done) return ran;
  return cut_off(file, transaction_.value_or(failure.offset));
}

Loading AofLoader::cut_off(const File& file, std::uint64_t offset) {
  log().warning("!!! Warning: short read while loading the AOF file " + file.name + "!!!");
  log().warning("Truncating the AOF " + file.name + " at offset " + std::to_string(offset) + ": " +
                std::to_string(file.bytes - offset) +
                " bytes at its end are incomplete or damaged");
  if (const auto done = truncate_file(file.path, offset); !done) {
    log().warning("Error truncating the AOF file " + file.name + ": " + done.error().text);
    return Loading::failed;
  }
  log().warning("AOF " + file.name + " loaded anyway because aof-load-truncated is enabled");
  return Loading::done;
}

Loading AofLoader::refuse(const File& file, const AofFailure& failure) {
  const std::string place =
      file.name + " at offset " + std::to_string(failure.offset) +
      (last_key_.empty() ? "" : ", behind a command for key '" + last_key_ + "'");
  switch (failure.kind) {
    case Kind::stopped:
      break;
    case Kind::source:
      log().warning("Unrecoverable error reading the append only file " + file.name + ": " +
                    failure.text);
      break;
    case Kind::truncated:
      log().warning("Unexpected end of file reading the append only file " + place +
                    ". Make a copy of the file; then either remove its end with redis-check-aof "
                    "--fix <filename.manifest>, "
                    "or set 'aof-load-truncated yes' and start again.");
      break;
    case Kind::damaged:
      log().warning("Bad file format reading the append only file " + place +
                    ". Make a copy of the file; then redis-check-aof --fix <filename.manifest> "
                    "removes everything from there on.");
      break;
    case Kind::checksum:
      log().warning(
          "Bad file format reading the append only file " + place +
          ": the checksum of a group of commands is wrong, so that the file was damaged or edited. "
          "Make a copy of the file; then either remove everything from there on (truncate -s " +
          std::to_string(failure.offset) + " " + file.path +
          "), or remove all checksums to load it as it is (sed -i '/^#LC:/d' " + file.path + ").");
      break;
  }
  return Loading::failed;
}

}  // namespace larder::persistence
