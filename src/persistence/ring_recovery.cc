#include "ring_recovery.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "aof_cutter.h"
#include "crc32c.h"
#include "journal_ring.h"
#include "larder/persistence/snapshot_file.h"

namespace larder::persistence {
namespace {

// -1 if there is none.
std::int64_t size_of(const std::string& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0 ? static_cast<std::int64_t>(found.st_size) : -1;
}

// The bytes of the file from `offset` on.
std::string read_end(const std::string& path, std::uint64_t offset) {
  FileSource source;
  const auto opened = source.open(path);
  if (!opened || !opened.value() || !source.skip(offset)) return {};
  std::string text(source.size() - offset, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = source.read(text.data() + size, text.size() - size);
    if (!got || got.value() == 0) break;
    size += got.value();
  }
  return text.substr(0, size);
}

// The length of the whole commands at the beginning.
std::size_t whole_commands(std::string_view text) {
  std::size_t done = 0;
  for (;;) {
    const AofPiece piece = cut_piece(text.substr(done), nullptr);
    if (piece.bytes == 0) return done;
    done += piece.bytes;
  }
}

// Whether `extra` is what the killed process was writing: bytes of its ring, and a part of the
// annotation.
bool is_own_write(std::string_view extra, std::string_view ring) {
  const auto same = std::mismatch(
      extra.begin(), extra.end(), ring.begin(),
      ring.begin() + static_cast<std::ptrdiff_t>(std::min(extra.size(), ring.size())));
  std::string_view rest = extra.substr(static_cast<std::size_t>(same.first - extra.begin()));
  if (rest.empty()) return true;
  constexpr std::string_view kMark = "#LC:";
  return rest.size() < kGroupSumChars &&
         kMark.substr(0, rest.size()) == rest.substr(0, kMark.size());
}

const AofFile* find_increment(const AofManifest& manifest, const AofNames& names,
                              std::int64_t seq) {
  const AofFile* found = nullptr;
  for (const AofFile& file : manifest.incr) {
    if (file.seq == seq) {
      found = &file;
    } else if (found != nullptr &&
               size_of(names.path(file.name)) > static_cast<std::int64_t>(kEmptyGroup.size())) {
      return nullptr;  // later commands are there already
    }
  }
  return found;
}

// Writes the end of the group from `offset` on, and its sum.
base::Result<void> write_group(JournalCalls& calls, const std::string& path, std::uint64_t offset,
                               std::string_view group, std::size_t written) {
  const auto fail = [&] { return base::Error{path + ": " + std::strerror(errno)}; };
  const int file = calls.open_existing(path.c_str());
  if (file < 0) return fail();
  char line[kGroupSumChars];
  const GroupSum sum{crc32c(0, group), group.size(), offset - written};
  const std::string text = std::string(group.substr(written)).append(print_group_sum(sum, line));
  bool good = calls.truncate(file, offset) == 0;
  for (std::size_t done = 0; good && done < text.size();) {
    const iovec piece{const_cast<char*>(text.data()) + done, text.size() - done};
    const std::ptrdiff_t wrote = calls.write_at(file, &piece, 1, offset + done);
    good = wrote >= 0 || errno == EINTR;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  good = good && calls.sync_data(file) == 0;
  auto result = good ? base::Result<void>() : fail();
  calls.close(file);
  return result;
}

}  // namespace

base::Result<void> recover_from_ring(JournalCalls& calls, base::Log& log, const AofNames& names,
                                     const AofManifest& manifest) {
  const auto left = JournalRing::read_leftover(names.path(names.ring()));
  if (!left || left->bytes.empty()) return {};
  const AofFile* const file = find_increment(manifest, names, left->place.seq);
  const std::string amount = std::to_string(left->bytes.size()) + " bytes of the journal ring";
  if (file == nullptr) {
    log.warning(amount + " are not used: they belong to no increment of the manifest");
    return {};
  }
  const std::string path = names.path(file->name);
  const std::int64_t size = size_of(path);
  if (size < static_cast<std::int64_t>(left->place.file_bytes) ||
      !is_own_write(read_end(path, left->place.file_bytes), left->bytes)) {
    log.warning(amount + " are not used: " + file->name + " was changed by another program");
    return {};
  }
  // A large command may have its beginning in the file and its end in the ring.
  const auto written = static_cast<std::size_t>(left->place.group_bytes);
  const std::string group =
      read_end(path, left->place.file_bytes - written).substr(0, written) + left->bytes;
  const std::size_t whole = whole_commands(group);
  if (whole <= written) return {};
  auto done = write_group(calls, path, left->place.file_bytes,
                          std::string_view(group).substr(0, whole), written);
  if (done) {
    log.notice("Appended " + std::to_string(whole - written) + " bytes of the journal ring to " +
               file->name + ": the server was killed before they were written");
  }
  return done;
}

}  // namespace larder::persistence
