// The full sync: the copy of the primary's data, from the connection to the databases.

#include <algorithm>
#include <utility>

#include "larder/persistence/snapshot_file.h"
#include "link.h"

namespace larder::replication {
namespace {

using persistence::Loading;

// The worker gets so many bytes at once; a turn receives as many at most.
constexpr std::size_t kPiece = 512 * 1024;
constexpr std::size_t kReceivedAtOnce = 64 * 1024;
// A single value of a file is not larger.
constexpr std::uint64_t kMostValue = std::uint64_t{4} << 30;

}  // namespace

void Link::take_head(const std::string& line) {
  if (line.empty()) return;
  if (line.starts_with('-')) {
    log().warning("MASTER aborted replication with an error: " + line.substr(1));
    return fail(Again::later);
  }
  payload_ = Payload::of(line);
  if (!payload_) {
    log().warning("Bad protocol from MASTER, the first byte is not '$' (we received '" + line +
                  "'), are you sure the host and port are right?");
    return fail(Again::later);
  }
  target_ = target();
  const std::string where = is_direct() ? "to parser" : "to disk";
  log().notice(payload_->has_mark()
                   ? "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF " + where
                   : "MASTER <-> REPLICA sync: receiving " + std::to_string(payload_->bytes()) +
                         " bytes from master " + where);
  copied_ = 0;
  file_ = std::make_unique<SyncFile>(
      parts().worker, parts().calls,
      "temp-" + std::to_string(parts().clock.unix_ms()) + "." + std::to_string(++files_) + ".rdb",
      static_cast<SyncFileUser&>(*this));
  Payload::Bytes& held = file_->held();
  const std::uint64_t known = std::min<std::uint64_t>(input_.size(), payload_->wanted());
  held.assign(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(known));
  input_.erase(0, static_cast<std::size_t>(known));
  copied_ = known;
  if (known > 0) payload_->arrived(held, static_cast<std::size_t>(known));
  if (is_direct()) return enter(Stage::copied);
  enter(Stage::receiving);
  receive_copy();
}

// Beside the present data only if there is no limit within which both must be: it is not known
// whether a copy fits.
Link::Target Link::target() const {
  const auto wanted = parts().settings.repl_diskless_load.as<DisklessLoad>();
  const bool is_bounded =
      parts().memory.maxmemory.value() > 0 && !parts().memory.replica_ignore_maxmemory.value();
  if (wanted == DisklessLoad::swapdb && !is_bounded) return Target::beside;
  const bool may_load = wanted != DisklessLoad::disabled && parts().keyspace.size() == 0;
  return may_load ? Target::databases : Target::file;
}

// While the worker writes a piece the next one is received; then the connection waits.
void Link::receive_copy() {
  Payload::Bytes& held = file_->held();
  for (std::size_t taken = 0; !payload_->is_complete() && taken < kPiece;) {
    if (held.size() >= kPiece + Payload::kMarkBytes) {
      if (file_->is_busy()) return wire_->pause();
      file_->write(payload_->spare(held));
    }
    const std::size_t before = held.size();
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>(kReceivedAtOnce, payload_->wanted()));
    held.resize(before + most);
    const std::ptrdiff_t got = receive({held.data() + before, most});
    held.resize(before + static_cast<std::size_t>(std::max<std::ptrdiff_t>(got, 0)));
    if (got < 0) {
      log().warning("I/O error trying to sync with MASTER: connection lost");
      return fail(Again::later);
    }
    if (got == 0) return;
    taken += static_cast<std::size_t>(got);
    copied_ += static_cast<std::size_t>(got);
    payload_->arrived(held, static_cast<std::size_t>(got));
  }
  if (payload_->is_complete()) end_copy();
}

void Link::end_copy() {
  wire_->pause();
  if (!file_->is_busy()) file_->write_last();
}

void Link::on_written() {
  if (stage_ != Stage::receiving) return;
  if (!file_->failure().empty()) {
    log().warning("Failed trying to store the RDB of the MASTER: " + file_->failure() +
                  ". The data stays as it was.");
    return fail(Again::later);
  }
  if (file_->is_whole()) return enter(Stage::copied);
  if (payload_->is_complete()) return file_->write_last();
  wire_->resume();
  receive_copy();
}

void Link::drop_file() {
  if (!file_) return;
  if (!file_->is_busy()) return file_.reset();
  file_->drop();
  dropped_files_.push_back(std::move(file_));
}

void Link::on_released() {
  std::erase_if(dropped_files_, [](const auto& each) { return !each->is_busy(); });
}

// The bytes of a copy, as they arrive. Other clients are served while none are there.
class Link::Stream final : public persistence::RdbSource {
 public:
  Stream(Link& link, persistence::LoadingHost& host) : link_(link), host_(host) {}

  base::Result<std::size_t> read(char* out, std::size_t most) override {
    for (;;) {
      if (const std::size_t taken = take(out, most); taken > 0) return taken;
      if (link_.payload_ && link_.payload_->is_complete()) return std::size_t{0};
      const base::Result<std::size_t> got = receive();
      if (!got) return got.error();
      if (got.value() == 0 && !wait()) return base::Error{"stopped"};
    }
  }
  std::uint64_t size() const override {
    return link_.payload_->has_mark() ? link_.copied_ + kMostValue : link_.payload_->bytes();
  }
  // Waits for the first bytes, which show whether the copy can be read.
  base::Result<void> check_head() {
    while (link_.is_connected() && link_.file_->held().size() < persistence::kRdbHeadBytes &&
           !link_.payload_->is_complete()) {
      const base::Result<std::size_t> got = receive();
      if (!got) return got.error();
      if (got.value() == 0 && !wait()) return base::Error{"stopped"};
    }
    if (!link_.is_connected()) return base::Error{"connection lost"};
    const Payload::Bytes& held = link_.file_->held();
    return persistence::check_rdb_head(
        {held.data(), std::min(held.size(), persistence::kRdbHeadBytes)});
  }

 private:
  std::size_t take(char* out, std::size_t most) {
    if (!link_.payload_ || !link_.file_) return 0;
    Payload::Bytes& held = link_.file_->held();
    const std::size_t ready = held.size() - link_.payload_->spare(held);
    const std::size_t taken = std::min(ready, most);
    std::copy_n(held.data(), taken, out);
    held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(taken));
    return taken;
  }
  base::Result<std::size_t> receive() {
    if (!link_.is_connected()) return base::Error{"connection lost"};
    Payload::Bytes& held = link_.file_->held();
    const std::size_t before = held.size();
    const auto most = static_cast<std::size_t>(
        std::min<std::uint64_t>(kReceivedAtOnce, link_.payload_->wanted()));
    held.resize(before + most);
    const std::ptrdiff_t got = link_.receive({held.data() + before, most});
    held.resize(before + static_cast<std::size_t>(std::max<std::ptrdiff_t>(got, 0)));
    if (got < 0) return base::Error{"connection lost"};
    link_.copied_ += static_cast<std::size_t>(got);
    if (got > 0) link_.payload_->arrived(held, static_cast<std::size_t>(got));
    return static_cast<std::size_t>(got);
  }
  bool wait() { return host_.wait(); }

  Link& link_;
  persistence::LoadingHost& host_;
};

bool Link::is_copy_good(persistence::LoadingHost& host) {
  if (is_direct()) {
    Stream stream(*this, host);
    const auto good = stream.check_head();
    if (!good) log().warning("The RDB of the MASTER cannot be loaded: " + good.error().text);
    return static_cast<bool>(good);
  }
  return !file_->is_unchecked() ||
         parts().snapshots.check_copy(file_->path(), host) == Loading::done;
}

void Link::empty_data() {
  log().notice("MASTER <-> REPLICA sync: Flushing old data");
  parts().journal.turn_off();
  const bool lazily = parts().settings.replica_lazy_flush.value();
  parts().keyspace.flush_all(lazily ? keyspace::Freeing::lazily : keyspace::Freeing::plainly);
  parts().snapshots.clear_functions();
  parts().executor.settle_background();
}

Loading Link::load(persistence::LoadingHost& host) {
  log().notice("MASTER <-> REPLICA sync: Loading DB in memory");
  if (is_direct()) {
    Stream stream(*this, host);
    return parts().snapshots.load_copy(stream, payload_->bytes(), host);
  }
  persistence::FileSource source;
  const auto opened = source.open(file_->path());
  if (!opened || !opened.value()) {
    log().warning("The RDB of the MASTER is not there any more");
    return Loading::failed;
  }
  return parts().snapshots.load_copy(source, source.size(), host);
}

// The present data is served meanwhile if it is of the same history: an earlier state of what is
// loaded. It goes when the new data is complete.
Loading Link::load_beside(persistence::LoadingHost& host, engine::Gate gate) {
  log().notice("MASTER <-> REPLICA sync: Loading DB in memory");
  persistence::CopyBeside copy(parts().keyspace);
  beside_ = &copy;
  Stream stream(*this, host);
  const Loading loaded = parts().snapshots.load_beside(stream, payload_->bytes(), host, gate, copy);
  beside_ = nullptr;
  if (loaded != Loading::done || stage_ != Stage::loading) {
    log().notice("MASTER <-> REPLICA sync: Discarding temporary DB in background");
    parts().keyspace.bury(*copy.keyspace);
    return loaded == Loading::done ? Loading::failed : loaded;
  }
  log().notice("MASTER <-> REPLICA sync: Swapping active DB with loaded DB");
  parts().journal.turn_off();
  parts().snapshots.take_over(copy);
  parts().executor.settle_background();
  log().notice("MASTER <-> REPLICA sync: Discarding old DB in background");
  return loaded;
}

void Link::load_copy(persistence::LoadingHost& host) {
  enter(Stage::loading);
  const std::string id = handshake_->id();
  const std::int64_t offset = handshake_->offset();
  if (!is_copy_good(host)) return refuse_copy(Loading::failed);
  // Clients could end the copying meanwhile.
  if (stage_ != Stage::loading) return;
  const bool has_journal = parts().journal.is_configured();
  Loading loaded;
  if (target_ == Target::beside) {
    const bool is_same = has_history_ && id == parts().history.id();
    loaded = load_beside(host, is_same ? engine::Gate::async_loading : engine::Gate::loading);
  } else {
    has_history_ = false;
    empty_data();
    loaded = load(host);
  }
  if (loaded != Loading::done) return refuse_copy(loaded);
  parts().history.adopt(id, offset);
  parts().feed.restart();
  db_ = parts().snapshots.found_stream().db;
  parts().feed.continue_in(db_);
  if (has_journal) {
    if (const auto on = parts().journal.turn_on(); !on) log().warning(on.error().text);
  }
  log().notice("MASTER <-> REPLICA sync: Finished with success");
  has_history_ = true;
  keep_file();
  if (wire_ == nullptr) return fail(Again::at_once);
  begin_stream();
  acknowledge();
}

// What was loaded is no whole copy of anything.
void Link::refuse_copy(Loading result) {
  if (stage_ != Stage::loading) return;
  if (result == Loading::stopped) return close();
  log().warning(is_direct() ? "Failed trying to load the MASTER synchronization DB from socket, "
                              "check server logs."
                            : "Failed trying to load the MASTER synchronization DB, check server "
                              "logs.");
  if (!has_history_ && target_ != Target::beside) {
    parts().keyspace.flush_all(keyspace::Freeing::lazily);
    parts().snapshots.clear_functions();
    parts().executor.settle_background();
  }
  fail(Again::later);
}

// The next start loads it, unless nothing else of the data is kept on disk.
void Link::keep_file() {
  if (is_direct() || !file_) return file_.reset();
  const bool is_persistent = parts().journal.is_configured() || !parts().files.save.value().empty();
  if (parts().files.rdb_del_sync_files.value() && !is_persistent) return file_.reset();
  file_->publish(parts().files.dbfilename.value());
  drop_file();
}

}  // namespace larder::replication
