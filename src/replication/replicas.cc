#include "larder/replication/replicas.h"

#include <algorithm>

#include "file_reader.h"
#include "full_sync.h"
#include "larder/base/assert.h"
#include "larder/base/numbers.h"
#include "spill.h"

namespace larder::replication {
namespace {

constexpr auto kReplicaOwner = memory::Owner::client_input;
constexpr std::uint32_t kNoData = engine::bit(engine::Gate::monitoring);

}  // namespace

Replicas::Replicas(const Parts& parts)
    : parts_(parts),
      feed_(parts.feed),
      waits_(parts.clock, parts.waiters, *this),
      readers_(std::make_unique<FileReaders>(parts.worker)),
      spill_(std::make_unique<Spill>(parts.worker, parts.log)),
      full_sync_(std::make_unique<FullSync>(parts_, *this)),
      unused_since_ms_(parts.clock.steady_ms()) {
  feed_.listen(*this);
}

Replicas::~Replicas() { LARDER_ASSERT(replicas_.empty()); }

void Replicas::upstream(Upstream upstream) {
  upstream_ = upstream;
  apply_gate();
}

Follower& Replicas::describe(engine::Session& session) {
  if (Follower* const known = Follower::of(session)) return *known;
  auto* const made = memory::make<Follower>(kReplicaOwner, *this, session);
  session.attach(engine::Attached::replica, *made);
  described_.push_back(made);
  return *made;
}

void Replicas::remove(Follower& replica) {
  std::erase(described_, &replica);
  if (replica.state() != Follower::State::handshake) {
    parts_.log.notice("Connection with replica " + replica.name() + " lost.");
    std::erase(replicas_, &replica);
    if (replica.is_online()) keep_place(replica);
    unused_since_ms_ = now_ms();
    engine::Session& session = replica.session();
    session.is_replica = false;
    session.closed_gates &= ~kNoData;
    session.close(engine::Closing::now);
  }
  memory::destroy(kReplicaOwner, &replica);
  apply_gate();
}

void Replicas::disconnect_all() {
  for (Follower* const replica : replicas_) replica->close();
}

void Replicas::stop_syncs() { full_sync_->stop(); }

// What it is sent from now on is the stream, and it sends no data.
Follower* Replicas::begin(engine::Session& session) {
  if (session.is_replica) return nullptr;
  if (upstream_ == Upstream::broken) {
    session.reply.error("NOMASTERLINK Can't SYNC while not connected with my master");
    return nullptr;
  }
  if (session.reply.buffer().size() > 0) {
    session.reply.error("ERR SYNC and PSYNC are invalid with pending output");
    return nullptr;
  }
  return &describe(session);
}

void Replicas::sync(engine::Session& session) {
  Follower* const replica = begin(session);
  if (replica == nullptr) return;
  parts_.log.notice("Replica " + replica->name() + " asks for synchronization");
  sync_fully(*replica, /*by_psync=*/false);
}

void Replicas::psync(engine::Session& session, std::string_view id, std::string_view offset) {
  Follower* const replica = begin(session);
  if (replica == nullptr) return;
  parts_.log.notice("Replica " + replica->name() + " asks for synchronization");
  if (!base::parse_int64(offset)) {
    parts_.log.warning("Replica " + replica->name() +
                       " asks for synchronization but with a wrong offset");
    return session.reply.error("ERR value is not an integer or out of range");
  }
  if (continue_partially(*replica, id, offset)) return;
  if (id != "?") parts_.metrics.sync_partial_err += 1;
  sync_fully(*replica, /*by_psync=*/true);
}

bool Replicas::continue_partially(Follower& replica, std::string_view id, std::string_view offset) {
  const History& history = parts_.history;
  const std::int64_t next = *base::parse_int64(offset);
  if (id == "?") {
    parts_.log.notice("Full resync requested by replica " + replica.name());
    return false;
  }
  if (!history.holds(id, next)) {
    parts_.log.notice(
        "Partial resynchronization not accepted: Replication ID mismatch (Replica "
        "asked for '" +
        std::string(id) + "', my replication IDs are '" + history.id() + "' and '" + history.id2() +
        "')");
    return false;
  }
  const Backlog& backlog = parts_.backlog;
  if (!feed_.is_open() || next < first_kept() || next > backlog.end()) {
    parts_.log.notice("Unable to partial resync with replica " + replica.name() +
                      " for lack of backlog (Replica request was: " + std::to_string(next) + ").");
    if (next > backlog.end()) {
      parts_.log.warning("Warning: replica " + replica.name() +
                         " tried to PSYNC with an offset that is greater than the master "
                         "replication offset.");
    }
    return false;
  }
  enlist(replica);
  replica.go_online(next);
  replica.send_text(replica.description.reads_psync2 ? "+CONTINUE " + history.id() + "\r\n"
                                                     : "+CONTINUE\r\n");
  parts_.metrics.sync_partial_ok += 1;
  parts_.log.notice("Partial resynchronization request from " + replica.name() +
                    " accepted. Sending " + std::to_string(backlog.end() - next) +
                    " bytes of backlog starting from offset " + std::to_string(next) + ".");
  apply_gate();
  return true;
}

void Replicas::enlist(Follower& replica) {
  engine::Session& session = replica.session();
  session.is_replica = true;
  leave_place(replica);
  session.closed_gates |= kNoData;
  session.common_gates &= ~engine::kPauseGates;
  replicas_.push_back(&replica);
  if (parts_.settings.repl_disable_tcp_nodelay.value()) session.peer().delay_packets(true);
}

void Replicas::sync_fully(Follower& replica, bool by_psync) {
  parts_.metrics.sync_full += 1;
  enlist(replica);
  replica.wait_for_start(by_psync);
  full_sync_->wait_for(replica);
}

// The first replica: nobody knows the history before it.
void Replicas::open_stream() {
  if (feed_.is_open()) return;
  parts_.history.renew();
  feed_.open();
  parts_.log.notice("Replication backlog created, my new replication IDs are '" +
                    parts_.history.id() + "' and '" + parts_.history.id2() + "'");
}

void Replicas::payload_sent(const Follower& replica, bool waits_for_ack) {
  if (replica.state() == Follower::State::leaves) {
    parts_.log.notice("RDB transfer completed, rdb only replica (" + replica.name() +
                      ") should be disconnected asap");
    return;
  }
  if (waits_for_ack) {
    parts_.log.notice("Streamed RDB transfer with replica " + replica.name() +
                      " succeeded (socket). Waiting for REPLCONF ACK from replica to enable "
                      "streaming");
  }
  parts_.log.notice("Synchronization with replica " + replica.name() + " succeeded");
  apply_gate();
}

void Replicas::payload_advanced(const Follower& replica) {
  std::uint64_t least = replica.position();
  for (const Follower* const other : replicas_) {
    if (other->payload() == replica.payload()) least = std::min(least, other->position());
  }
  replica.payload()->drop_before(least);
}

void Replicas::acknowledge(Follower& replica, std::int64_t offset, std::int64_t on_disk) {
  if (!replica.session().is_replica) return;
  replica.acknowledge(offset, on_disk);
  if (!waits_.empty()) waits_.look();
  apply_gate();
}

std::size_t Replicas::good() const {
  const std::int64_t most_ms = parts_.settings.min_replicas_max_lag.value() * 1000;
  return static_cast<std::size_t>(
      std::count_if(replicas_.begin(), replicas_.end(), [&](const Follower* replica) {
        return replica->is_online() && (now_ms() - replica->acked_ms()) / 1000 * 1000 <= most_ms;
      }));
}

std::size_t Replicas::having(std::int64_t offset) const {
  return static_cast<std::size_t>(
      std::count_if(replicas_.begin(), replicas_.end(), [offset](const Follower* replica) {
        return replica->is_online() && replica->acked() >= offset;
      }));
}

std::size_t Replicas::having_on_disk(std::int64_t offset) const {
  return static_cast<std::size_t>(
      std::count_if(replicas_.begin(), replicas_.end(), [offset](const Follower* replica) {
        return replica->is_online() && replica->acked_on_disk() >= offset;
      }));
}

// Writes are refused as long as too few replicas are up to date.
void Replicas::apply_gate() {
  const auto wanted = static_cast<std::size_t>(parts_.settings.min_replicas_to_write.value());
  const bool is_checked =
      wanted > 0 && parts_.settings.min_replicas_max_lag.value() > 0 && upstream_ == Upstream::none;
  if (is_checked && good() < wanted) {
    parts_.gates.close(engine::Gate::replicas);
  } else {
    parts_.gates.open(engine::Gate::replicas);
  }
}

std::optional<persistence::RdbStreamPosition> Replicas::position() const {
  if (!feed_.is_open()) return std::nullopt;
  return persistence::RdbStreamPosition{
      .id = parts_.history.id(), .offset = parts_.history.offset(), .db = std::max(feed_.db(), 0)};
}

std::int64_t Replicas::wakes_us() const {
  std::int64_t earliest = 0;
  for (const std::int64_t each :
       {full_sync_->wakes_us(), waits_.next_deadline_us(), sends_at_us_}) {
    if (each != 0 && (earliest == 0 || each < earliest)) earliest = each;
  }
  return earliest;
}

void Replicas::report_bytes(memory::Audit& audit) const {
  waits_.report_bytes(audit);
  std::size_t own = 0;
  for (const Follower* const replica : described_) own += replica->bytes();
  audit.found(kReplicaOwner, static_cast<std::int64_t>(own));
  audit.found(memory::Owner::replicas,
              static_cast<std::int64_t>(readers_->held_bytes() + spill_->held_bytes() +
                                        full_sync_->held_bytes()));
  std::vector<const SyncPayload*> seen;
  const auto report = [&seen, &audit](const SyncPayload* payload) {
    if (payload == nullptr || std::find(seen.begin(), seen.end(), payload) != seen.end()) return;
    seen.push_back(payload);
    payload->report_bytes(audit);
  };
  report(full_sync_->payload());
  for (const Follower* const replica : replicas_) report(replica->payload().get());
}

}  // namespace larder::replication
