#include "aof_loader.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "larder/base/format.h"
#include "larder/base/text.h"
#include "larder/persistence/snapshot_file.h"
#include "loading_state.h"

namespace larder::persistence {
namespace {

constexpr std::string_view kRdbMagic = "REDIS";

// What loading may do although it is refused to clients.
constexpr std::uint32_t kPasses =
    bit(engine::Gate::loading) | bit(engine::Gate::out_of_memory) | bit(engine::Gate::auth);

// Serves clients while the reader looks for the end of a group.
class ReadingAhead final : public Pulse {
 public:
  ReadingAhead(LoadingSlices& slices, const keyspace::Keyspace& keyspace, std::uint64_t offset)
      : slices_(slices), keyspace_(keyspace), offset_(offset) {}

  // What is before has run.
  void from(std::uint64_t offset) { offset_ = offset; }
  bool go_on() override { return slices_.go_on(offset_, keyspace_.size()); }

 private:
  LoadingSlices& slices_;
  const keyspace::Keyspace& keyspace_;
  std::uint64_t offset_;
};

// EXEC runs fewer commands than these at once.
constexpr std::size_t kMostAtOnce = resp::Batch::kMostRequests;

bool is_exec(const resp::Request& request) {
  return request.args.size() == 1 && base::equals_ignoring_case(request.args[0], "exec");
}

bool is_rdb(const std::string& path) {
  FileSource source;
  const auto opened = source.open(path);
  char head[kRdbMagic.size()];
  if (!opened || !opened.value()) return false;
  const auto got = source.read(head, sizeof head);
  return got && std::string_view(head, got.value()) == kRdbMagic;
}

}  // namespace

AofLoader::AofLoader(const Parts& parts, LoadingHost* host)
    : parts_(parts),
      host_(host),
      slices_(parts.snapshots.parts(), host),
      session_(parts.sessions, parts.snapshots.parts().clock, "aof", kPasses) {
  session_.session().reply.mute(true);
}

std::optional<std::vector<AofLoader::File>> AofLoader::find_files(const AofManifest& manifest) {
  std::vector<File> files;
  const auto add = [&](const AofFile& each) {
    files.push_back({each.name, parts_.names.path(each.name), 0, false});
  };
  if (manifest.base) add(*manifest.base);
  for (const AofFile& each : manifest.incr) add(each);
  for (File& file : files) {
    struct stat found;
    if (::stat(file.path.c_str(), &found) != 0) {
      log().warning("The append log file " + file.name + " doesn't exist: " + std::strerror(errno));
      return std::nullopt;
    }
    file.bytes = static_cast<std::uint64_t>(found.st_size);
  }
  if (!files.empty()) files.back().is_last = true;
  return files;
}

base::Result<void> AofLoader::check_base(const AofManifest& manifest) const {
  if (!manifest.base) return {};
  const std::string path = parts_.names.path(manifest.base->name);
  return is_rdb(path) ? parts_.snapshots.check(path) : base::Result<void>();
}

Loading AofLoader::load(const AofManifest& manifest) {
  const Snapshots::Parts& parts = parts_.snapshots.parts();
  const auto files = find_files(manifest);
  if (!files) return Loading::failed;
  std::uint64_t bytes = 0;
  for (const File& file : *files) bytes += file.bytes;
  const LoadingState state(parts, bytes);
  const std::int64_t started_us = parts.clock.steady_now_us();
  for (const File& file : *files) {
    const std::int64_t began_us = parts.clock.steady_now_us();
    if (const Loading done = load_file(file); done != Loading::done) return done;
    loaded_bytes_ += file.bytes;
    const char* const kind = manifest.base && file.name == manifest.base->name ? "base" : "incr";
    log().notice(base::printed("DB loaded from %s file %s: %.3f seconds", kind, file.name.c_str(),
                               static_cast<double>(parts.clock.steady_now_us() - began_us) / 1e6));
  }
  parts.keyspace.log().clear();
  parts.metrics.changes_at_save = parts.keyspace.log().changes();
  log().notice(base::printed("DB loaded from append only file: %.3f seconds",
                             static_cast<double>(parts.clock.steady_now_us() - started_us) / 1e6));
  return Loading::done;
}

// An old single file may be an RDB file that is followed by commands.
Loading AofLoader::load_file(const File& file) {
  std::uint64_t offset = 0;
  if (is_rdb(file.path)) {
    log().notice("Reading RDB base file on AOF loading...");
    FileSource source;
    if (const auto opened = source.open(file.path); !opened || !opened.value()) {
      return refuse(file, {AofFailure::Kind::source, 0, "it cannot be opened"});
    }
    const Snapshots::LoadedBase base = parts_.snapshots.load_base(source, loaded_bytes_, host_);
    if (base.result == Loading::failed) {
      log().warning("Error reading the RDB preamble of the AOF file " + file.name +
                    ", AOF loading aborted");
    }
    if (base.result != Loading::done) return base.result;
    offset = base.end;
  }
  return offset == file.bytes ? Loading::done : load_commands(file, offset);
}

Loading AofLoader::load_commands(const File& file, std::uint64_t offset) {
  FileSource source;
  const auto opened = source.open(file.path);
  if (!opened || !opened.value() || !source.skip(offset)) {
    return refuse(file, {AofFailure::Kind::source, offset, std::strerror(errno)});
  }
  ReadingAhead ahead(slices_, parts_.snapshots.parts().keyspace, offset);
  AofFileReader reader(source, offset, &ahead);
  slices_.loaded_before(loaded_bytes_);
  transaction_.reset();
  session_.session().db = 0;
  for (;;) {
    ahead.from(reader.offset());
    const auto failure = reader.prepare();
    if (failure && failure->kind == AofFailure::Kind::stopped) return stop(reader);
    if (failure) return end_early(file, *failure, reader);
    if (!reader.has_ready()) break;
    if (const Loading ran = run_ready(reader, file); ran != Loading::done) return ran;
  }
  if (!transaction_) return Loading::done;
  log().warning("Revert incomplete MULTI/EXEC transaction from AOF file");
  return end_early(file, {AofFailure::Kind::truncated, *transaction_, {}}, reader);
}

Loading AofLoader::run_ready(AofFileReader& reader, const File& file) {
  const keyspace::Keyspace& keyspace = parts_.snapshots.parts().keyspace;
  while (reader.has_ready()) {
    reader.cut(batch_);
    if (!run_batch(reader, file)) return Loading::failed;
    if (slices_.go_on(reader.offset(), keyspace.size())) continue;
    return stop(reader);
  }
  return Loading::done;
}

Loading AofLoader::stop(const AofFileReader& reader) {
  return slices_.lacked_room() ? stop_for_room(reader) : Loading::stopped;
}

Loading AofLoader::stop_for_room(const AofFileReader& reader) {
  log().warning(slices_.no_room_text(last_key_, session_.session().db) + " (at offset " +
                std::to_string(reader.offset()) + " of the append only file)");
  return Loading::failed;
}

bool AofLoader::run_batch(AofFileReader& reader, const File& file) {
  const auto requests = batch_.requests();
  if (requests.empty()) return true;
  const std::uint64_t errors = session_.session().reply.errors();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    follow_transaction(reader, i, requests[i].args);
  }
  if (!run_requests(requests, reader)) return false;
  return session_.session().reply.errors() == errors || report_errors(reader, file);
}

bool AofLoader::run_requests(std::span<const resp::Request> requests, const AofFileReader& reader) {
  while (!requests.empty()) {
    const auto exec = std::find_if(requests.begin(), requests.end(), is_exec);
    const auto before = static_cast<std::size_t>(exec - requests.begin());
    if (!run_some(requests.first(before))) return false;
    requests = requests.subspan(before);
    if (requests.empty()) break;
    if (!run_exec(requests.first(1), reader)) return false;
    requests = requests.subspan(1);
  }
  return true;
}

// The commands of a large transaction run in pieces, between which clients are served. They see
// that data is being loaded, and nothing of the data.
bool AofLoader::run_exec(std::span<const resp::Request> exec, const AofFileReader& reader) {
  using engine::Transaction;
  engine::Session& session = session_.session();
  const Transaction* const transaction = Transaction::of(session);
  if (transaction == nullptr || transaction->is_aborted() || transaction->size() < kMostAtOnce) {
    return run_some(exec);
  }
  Transaction::stop_queueing(session);
  std::array<resp::Request, kMostAtOnce> some;
  const engine::QueuedCommand* queued = transaction->first();
  bool has_room = true;
  do {
    std::size_t count = 0;
    for (; queued != nullptr && count < kMostAtOnce; queued = queued->next) {
      some[count++] = {.args = queued->words, .bytes = 0};
    }
    has_room = run_some(std::span(some).first(count));
    // If loading must stop, the caller learns it from its next call.
  } while (has_room && queued != nullptr &&
           slices_.go_on(reader.offset(), parts_.snapshots.parts().keyspace.size()));
  Transaction::end(session);
  return has_room;
}

// Commands are run as they came where they ran first: nothing expires meanwhile. A command that
// grows may wait until there is room, which is made here. False if there is none.
bool AofLoader::run_some(std::span<const resp::Request> requests) {
  if (requests.empty()) return true;
  const keyspace::Removals::Repeating repeating(parts_.snapshots.parts().keyspace.removals());
  engine::Session& session = session_.session();
  const resp::Args last = requests.back().args;
  if (last.size() > 1) last_key_ = last[1].substr(0, 128);
  for (int idle = 0; !requests.empty() && idle < 1000;) {
    const std::size_t ran =
        parts_.executor.run(session, requests, std::numeric_limits<std::size_t>::max());
    requests = requests.subspan(ran);
    idle = ran == 0 ? idle + 1 : 0;
    if (requests.empty()) break;
    session.resume();
    slices_.make_room();
    parts_.executor.settle_background();
  }
  return requests.empty();
}

void AofLoader::follow_transaction(const AofFileReader& reader, std::size_t index,
                                   resp::Args words) {
  if (words.size() != 1) return;
  if (base::equals_ignoring_case(words[0], "multi")) transaction_ = reader.offset(index);
  if (base::equals_ignoring_case(words[0], "exec")) transaction_.reset();
}

// An unknown command ends the loading; other errors were errors where the command ran first.
bool AofLoader::report_errors(const AofFileReader& reader, const File& file) {
  const auto requests = batch_.requests();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const engine::BoundCommand* const command = parts_.commands.resolve(requests[i].args);
    if (command != nullptr) continue;
    log().warning("Unknown command '" + std::string(requests[i].args[0].substr(0, 128)) +
                  "' reading the append only file " + file.name + " at offset " +
                  std::to_string(reader.offset(i)));
    return false;
  }
  log().verbose("A command of the append only file " + file.name + " near offset " +
                std::to_string(reader.offset(0)) +
                " replied with an error: " + std::string(session_.session().reply.error_code()));
  return true;
}

}  // namespace larder::persistence
