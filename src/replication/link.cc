#include "link.h"

#include <algorithm>
#include <utility>

#include "larder/base/assert.h"
#include "larder/engine/command_table.h"

namespace larder::replication {
namespace {

constexpr std::int64_t kRetryMs = 1000;
constexpr std::int64_t kAcknowledgeMs = 1000;
constexpr std::int64_t kDiskErrorLogMs = 10'000;
// The primary's lines are short; an error may be longer.
constexpr std::size_t kMostLine = 64 * 1024;
constexpr std::size_t kLinesAtOnce = 16 * 1024;

std::string place_of(const Replica& replica) {
  return replica.host() + ":" + std::to_string(replica.port());
}

}  // namespace

Link::Link(Replica& replica) : replica_(replica) {}

Link::~Link() {
  close();
  // Files that a worker still writes.
  if (!dropped_files_.empty()) parts().worker.finish();
}

void Link::enter(Stage stage) {
  stage_ = stage;
  replica_.set_gates();
}

LinkState Link::state() const {
  switch (stage_) {
    case Stage::closed:
      return LinkState::none;
    case Stage::waiting:
      return LinkState::connect;
    case Stage::connecting:
      return LinkState::connecting;
    case Stage::shaking_hands:
      return LinkState::handshake;
    case Stage::streaming:
      return LinkState::connected;
    default:
      return LinkState::sync;
  }
}

bool Link::is_syncing() const { return state() == LinkState::sync; }

void Link::open(Data data) {
  has_history_ = data == Data::of_history;
  db_ = std::max(parts().feed.db(), 0);
  down_since_ms_ = -1;
  heard_at_ms_ = now_ms();
  retry_at_ms_ = now_ms();
  enter(Stage::waiting);
  dial();
}

void Link::close() {
  drop_connection();
  if (stage_ != Stage::closed) enter(Stage::closed);
}

void Link::leave() {
  if (is_up()) log_loss();
  close();
}

void Link::dial() {
  if (replica_.dialer_ == nullptr || now_ms() < retry_at_ms_) return;
  log().notice("Connecting to MASTER " + place_of(replica_));
  heard_at_ms_ = now_ms();
  enter(Stage::connecting);
  wire_ = replica_.dialer_->dial({.host = replica_.host(),
                                  .port = replica_.port(),
                                  .source = replica_.place_->source(),
                                  .tls = replica_.place_->uses_tls()},
                                 *this);
  log().notice("MASTER <-> REPLICA sync started");
}

void Link::drop_connection() {
  if (session_) db_ = session_->session().db;
  applier_.reset();
  session_.reset();
  wire_.reset();
  handshake_.reset();
  payload_.reset();
  drop_file();
  std::string().swap(input_);
  target_ = Target::file;
  is_killed_ = false;
  has_input_ = false;
}

void Link::fail(Again again) {
  drop_connection();
  retry_at_ms_ = again == Again::later ? now_ms() + kRetryMs : now_ms();
  enter(Stage::waiting);
}

void Link::log_loss() const {
  log().notice("Connection with master lost.");
  if (has_history_) log().notice("Caching the disconnected master state.");
}

// The stream is interrupted; it may continue where it was.
void Link::lose() {
  log_loss();
  down_since_ms_ = now_ms();
  fail(Again::at_once);
  if (replica_.dialer_ == nullptr) return;
  log().notice("Reconnecting to MASTER " + place_of(replica_));
  dial();
}

void Link::on_connected() {
  log().notice("Non blocking connect for SYNC fired the event.");
  const Settings& settings = parts().settings;
  const std::int64_t announced = settings.replica_announce_port.value();
  handshake_.emplace(
      log(), Handshake::Identity{
                 .user = settings.masteruser.value(),
                 .password = settings.masterauth.value(),
                 .address = settings.replica_announce_ip.value(),
                 .port = announced != 0 ? static_cast<int>(announced) : replica_.place_->port(),
                 .id = has_history_ ? parts().history.id() : std::string(),
                 .next = parts().history.offset() + 1,
                 .is_failover = replica_.handover_ != nullptr});
  enter(Stage::shaking_hands);
  wire_->send(handshake_->greeting());
}

void Link::on_failed(std::string_view reason) {
  if (stage_ == Stage::streaming) return lose();
  // What has arrived is loaded all the same.
  if (stage_ == Stage::copied || stage_ == Stage::loading) return wire_.reset();
  log().warning((stage_ == Stage::connecting ? "Error condition on socket for SYNC: "
                                             : "I/O error with the MASTER: ") +
                std::string(reason));
  fail(Again::later);
}

void Link::on_readable() {
  switch (stage_) {
    case Stage::shaking_hands:
    case Stage::receiving_head:
      return read_lines();
    case Stage::receiving:
      return receive_copy();
    case Stage::streaming:
      has_input_ = true;
      return;
    default:
      return;
  }
}

std::ptrdiff_t Link::receive(std::span<char> room) {
  const std::ptrdiff_t got = wire_->receive(room);
  if (got <= 0) return got;
  heard_at_ms_ = now_ms();
  parts().metrics.net_repl_input_bytes += static_cast<std::uint64_t>(got);
  return got;
}

void Link::read_lines() {
  const std::size_t before = input_.size();
  input_.resize(before + kLinesAtOnce);
  const std::ptrdiff_t got = receive({input_.data() + before, kLinesAtOnce});
  input_.resize(before + static_cast<std::size_t>(std::max<std::ptrdiff_t>(got, 0)));
  if (got < 0) {
    log().warning(stage_ == Stage::receiving_head
                      ? "I/O error reading bulk count from MASTER: connection lost"
                      : "Failed to read response from the server: (reading response) connection "
                        "lost");
    return fail(Again::later);
  }
  while (stage_ == Stage::shaking_hands || stage_ == Stage::receiving_head) {
    const auto line = next_line();
    if (!line) break;
    take_line(*line);
  }
  if (input_.size() <= kMostLine || stage_ == Stage::waiting) return;
  if (stage_ != Stage::shaking_hands && stage_ != Stage::receiving_head) return;
  log().warning("The master sends a line that is too long");
  fail(Again::later);
}

std::optional<std::string> Link::next_line() {
  const std::size_t end = input_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = input_.substr(0, end);
  if (line.ends_with('\r')) line.pop_back();
  input_.erase(0, end + 1);
  return line;
}

void Link::take_line(const std::string& line) {
  stage_ == Stage::shaking_hands ? take_handshake_line(line) : take_head(line);
}

void Link::take_handshake_line(const std::string& line) {
  switch (handshake_->take(line)) {
    case Handshake::Step::goes_on:
      if (!handshake_->to_send().empty()) wire_->send(handshake_->to_send());
      return;
    case Handshake::Step::failed:
    case Handshake::Step::later: {
      const bool is_refused = handshake_->waits_for_sync();
      fail(Again::later);
      // May end the copying.
      if (is_refused) replica_.end_handover(false);
      return;
    }
    case Handshake::Step::continues:
      continue_history(handshake_->id());
      return replica_.end_handover(true);
    case Handshake::Step::full_sync:
      enter(Stage::receiving_head);
      return replica_.end_handover(true);
  }
}

// The primary may have another id now: it was promoted, or follows another one.
void Link::continue_history(const std::string& id) {
  History& history = parts().history;
  if (!id.empty() && id != history.id()) {
    history.shift_to(id);
    log().notice("Master replication ID changed to " + id);
    parts().replicas.disconnect_all();
  }
  begin_stream();
  log().notice("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization.");
}

void Link::begin_stream() {
  is_killed_ = false;
  session_ = std::make_unique<PrimarySession>(parts().sessions, parts().clock, *wire_,
                                              static_cast<PrimarySessionUser&>(*this));
  session_->session().db = db_;
  applier_.emplace(Applier::Parts{parts().executor, parts().keyspace, parts().feed, *this},
                   session_->session());
  const std::span<char> room = applier_->room();
  const std::size_t known = std::min(input_.size(), room.size());
  std::copy_n(input_.data(), known, room.data());
  applier_->arrived(known);
  std::string().swap(input_);
  parts().feed.primary_found();
  handshake_.reset();
  payload_.reset();
  has_history_ = true;
  has_input_ = true;
  down_since_ms_ = -1;
  enter(Stage::streaming);
  wire_->resume();
}

bool Link::may_run() const {
  constexpr std::uint32_t kWaits = engine::kPauseGates | bit(engine::Gate::journal) |
                                   bit(engine::Gate::freeing) | bit(engine::Gate::busy);
  return (parts().gates.closed() & kWaits) == 0;
}

bool Link::run_stream(base::Budget budget) {
  if (stage_ != Stage::streaming || !has_input_) return false;
  if (is_killed_) return lose(), true;
  if (!may_run()) {
    // What arrives is not read, so the primary may be alive.
    heard_at_ms_ = now_ms();
    return false;
  }
  for (;;) {
    const Applier::Progress progress = applier_->run(budget);
    session_->drop_replies();
    if (is_killed_) return lose(), true;
    if (progress == Applier::Progress::more) return true;
    if (progress == Applier::Progress::asked) {
      acknowledge();
      continue;
    }
    if (progress == Applier::Progress::broken) {
      log().warning("Protocol error from the master: " + std::string(applier_->error()) +
                    ". The stream cannot be continued.");
      has_history_ = false;
      return lose(), true;
    }
    const std::span<char> room = applier_->room();
    const std::ptrdiff_t got = receive(room);
    if (got < 0) return lose(), true;
    has_input_ = got > 0;
    if (!has_input_) return false;
    applier_->arrived(static_cast<std::size_t>(got));
  }
}

// What has run, and what of it the append-only file has on disk.
void Link::acknowledge() {
  acknowledged_at_ms_ = now_ms();
  const std::int64_t offset = parts().history.offset();
  const std::string printed = std::to_string(offset);
  if (!parts().journal.is_on()) {
    synced_.forget();
    return wire_->send(print_request({"REPLCONF", "ACK", printed}));
  }
  synced_.note(session_->session().shown_position, offset);
  const std::int64_t synced = parts().journal.is_safe() ? synced_.at(parts().journal.synced()) : -1;
  if (synced < 0) return wire_->send(print_request({"REPLCONF", "ACK", printed}));
  wire_->send(print_request({"REPLCONF", "ACK", printed, "FACK", std::to_string(synced)}));
}

// Data that cannot be saved is not lost with the primary: going on may be allowed.
void Link::before(std::span<const resp::Request> requests) {
  if ((parts().gates.closed() & bit(engine::Gate::disk_error)) == 0) return;
  const bool writes = std::any_of(requests.begin(), requests.end(), [this](const auto& request) {
    return parts().executor.is_write(request.args);
  });
  if (!writes) return;
  if (!parts().settings.replica_ignore_disk_write_errors.value()) {
    log().warning("Replica was unable to write command to disk.");
    base::assertion_failed("a replica that cannot write to disk stops", __FILE__, __LINE__);
  }
  if (now_ms() - disk_error_logged_at_ms_ < kDiskErrorLogMs) return;
  disk_error_logged_at_ms_ = now_ms();
  log().warning("Replica is applying a command it is unable to write to disk.");
}

void Link::on_error_reply(const engine::BoundCommand* command, std::string_view error) {
  const std::string name = command == nullptr ? std::string("unknown") : command->full_name();
  log().warning("== CRITICAL == This replica is sending an error to its master: '" +
                std::string(error) + "' after processing the command '" + name + "'");
  parts().engine_metrics.unexpected_error_replies += 1;
  const auto wanted = parts().settings.propagation_error_behavior.as<PropagationError>();
  if (wanted == PropagationError::ignore || !parts().settings.replica_read_only.value()) return;
  base::assertion_failed("a command of the master has failed", __FILE__, __LINE__);
}

void Link::beat() {
  if (stage_ == Stage::waiting) return dial();
  if (stage_ == Stage::closed) return;
  if (stage_ == Stage::streaming && is_killed_) return lose();
  check_timeouts();
  if (now_ms() - acknowledged_at_ms_ < kAcknowledgeMs) return;
  if (stage_ == Stage::streaming) return acknowledge();
  if (stage_ != Stage::loading || wire_ == nullptr) return;
  // The primary must not take the silence of loading for the end of the connection.
  acknowledged_at_ms_ = now_ms();
  wire_->send("\n");
}

void Link::check_timeouts() {
  if (now_ms() - heard_at_ms_ <= 1000 * parts().settings.repl_timeout.value()) return;
  switch (stage_) {
    case Stage::connecting:
    case Stage::shaking_hands:
      log().warning("Timeout connecting to the MASTER...");
      return fail(Again::later);
    case Stage::receiving_head:
    case Stage::receiving:
      log().warning(
          "Timeout receiving bulk data from MASTER... If the problem persists try to set the "
          "'repl-timeout' parameter in larder.conf to a larger value.");
      return fail(Again::later);
    case Stage::streaming:
      log().warning("MASTER timeout: no data nor PING received...");
      return lose();
    case Stage::loading:
      if (is_direct()) wire_.reset();
      return;
    default:
      return;
  }
}

std::int64_t Link::idle_s() const { return (now_ms() - heard_at_ms_) / 1000; }

std::int64_t Link::down_s() const {
  return down_since_ms_ < 0 ? -1 : (now_ms() - down_since_ms_) / 1000;
}

std::int64_t Link::offset() const { return has_history_ ? parts().history.offset() : 1; }

std::int64_t Link::read_offset() const {
  const std::uint64_t pending = applier_ ? applier_->pending() : 0;
  return offset() + static_cast<std::int64_t>(pending);
}

void Link::report_bytes(memory::Audit& audit) const {
  if (applier_) applier_->report_bytes(audit);
  if (session_) session_->report_bytes(audit);
  if (beside_ != nullptr) beside_->keyspace->report_bytes(audit);
}

}  // namespace larder::replication
