// The files of the journal at its start: the manifest, files of earlier versions, and new ones.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "larder/persistence/journal.h"
#include "larder/persistence/snapshot_file.h"
#include "open_journal.h"

namespace larder::persistence {
namespace {

base::Error system_error(const std::string& what) { return {what + ": " + std::strerror(errno)}; }

std::uint64_t size_of(const std::string& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

bool exists(const std::string& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

base::Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return system_error("Can't create the folder " + path);
}

}  // namespace

base::Result<void> Journal::read_manifest() {
  manifest_ = {};
  const std::string path = names_.path(names_.manifest());
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return system_error("Fatal error: can't open the AOF manifest file " + names_.manifest() +
                        " for reading");
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto failure = manifest_.read(text);
  if (!failure) return {};
  parts_.log.warning("*** FATAL AOF MANIFEST FILE ERROR ***");
  if (failure->line > 0) {
    parts_.log.warning("Reading the manifest file, at line " + std::to_string(failure->line));
    parts_.log.warning(">>> '" + failure->text + "'");
  }
  return base::Error{failure->reason};
}

// The file of Redis before version 7, which becomes the base: named in the manifest first, then
// moved. An interrupted move is made good.
base::Result<void> Journal::adopt_single_file() {
  const std::string& old = names_.single_file();
  const std::string name = std::filesystem::path(old).filename().string();
  if (!exists(old)) return {};
  const bool is_named = manifest_.base && manifest_.base->name == name;
  if (!manifest_.empty() && (!is_named || exists(names_.path(name)))) return {};
  if (!is_named) {
    if (auto made = make_folder(names_.folder()); !made) return made;
    manifest_.base = AofFile{name, 1};
    if (auto named = write_manifest(calls_, names_, manifest_); !named) return named;
  }
  if (calls_.rename(old.c_str(), names_.path(name).c_str()) != 0 ||
      calls_.sync_folder(names_.folder().c_str()) != 0) {
    return system_error("Can't move the append only file " + name + " to " + names_.folder());
  }
  parts_.log.notice("Successfully migrated an old-style AOF configuration (" + name +
                    ") into the AOF directory (" +
                    std::filesystem::path(names_.folder()).filename().string() + ").");
  return {};
}

// What Redis leaves when it is killed while the append-only file is turned on.
void Journal::remove_temporary_file() {
  const std::string name =
      "temp-" + std::filesystem::path(names_.single_file()).filename().string() + ".incr";
  if (!exists(names_.path(name))) return;
  parts_.log.notice("Removing the temp incr aof file " + name);
  calls_.remove(names_.path(name).c_str());
}

base::Result<void> Journal::write_base(const AofFile& base) {
  parts_.log.notice("Creating AOF base file " + base.name + " on server start");
  SnapshotFile file(calls_, SnapshotFile::Syncing::at_end, names_.path("temp-" + base.name));
  auto done = file.open();
  if (done) done = parts_.snapshots.source(base_purpose(parts_.settings)).write(file);
  if (done) done = file.publish(names_.path(base.name));
  return done;
}

base::Result<void> Journal::make_increment(const AofFile& incr) {
  if (auto made = make_folder(names_.folder()); !made) return made;
  const int file = calls_.create(names_.path(incr.name).c_str());
  if (file < 0) return system_error("Can't create the AOF incr file " + incr.name);
  const auto begun = mark_increment(calls_, file);
  calls_.close(file);
  if (!begun)
    return base::Error{"Can't write the AOF incr file " + incr.name + ": " + begun.error().text};
  return {};
}

// Without an append-only file: its rewrite needs no more than what the last one has left.
base::Result<void> Journal::prepare_rewrite() {
  if (is_on() || rewrite_) return {};
  if (auto read = read_manifest(); !read) return read;
  if (auto made = make_folder(names_.folder()); !made) return made;
  rewrite_ = std::make_unique<AofRewrite>(
      AofRewrite::Parts{parts_.worker, calls_, parts_.log, parts_.clock, parts_.background,
                        parts_.settings, names_, parts_.metrics, manifest_});
  return {};
}

void Journal::end_rewrite() {
  if (rewrite_) rewrite_->cancel();
  rewrite_.reset();
}

base::Result<void> Journal::make_files() {
  if (!manifest_.incr.empty()) return {};
  AofManifest manifest = manifest_;
  if (manifest.empty()) {
    if (auto made = make_folder(names_.folder()); !made) return made;
    manifest.base = manifest.next_base(names_, base_format(parts_.settings));
    if (auto written = write_base(*manifest.base); !written) return written;
  }
  manifest.incr.push_back(manifest.next_incr(names_));
  parts_.log.notice("Creating AOF incr file " + manifest.incr.back().name + " on server start");
  if (auto made = make_increment(manifest.incr.back()); !made) return made;
  auto named = write_manifest(calls_, names_, manifest);
  if (named) manifest_ = std::move(manifest);
  return named;
}

base::Result<void> Journal::open_increment(const AofFile& incr) {
  const std::string path = names_.path(incr.name);
  const RingPlace place{next_position_, incr.seq, size_of(path)};
  auto ring = JournalRing::create(names_.path(names_.ring()), place);
  if (!ring) return ring.error();
  const int file = calls_.open_existing(path.c_str());
  if (file < 0) return system_error("Can't open the append-only file " + incr.name);
  const bool is_named = !manifest_.incr.empty() && manifest_.incr.back().name == incr.name;
  open_ = std::make_unique<OpenJournal>(
      OpenJournal::Parts{parts_, calls_, names_, manifest_}, std::move(ring.value()), file, place,
      is_named ? AofRewrite::Files::named : AofRewrite::Files::unnamed);
  if (!is_named) return {};
  const std::uint64_t base = manifest_.base ? size_of(names_.path(manifest_.base->name)) : 0;
  std::uint64_t older = base;
  for (const AofFile& each : manifest_.incr) {
    if (each.name != incr.name) older += size_of(names_.path(each.name));
  }
  open_->rewrite().found_bytes(older, base);
  return {};
}

}  // namespace larder::persistence
