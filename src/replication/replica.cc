#include "larder/replication/replica.h"

#include <utility>

#include "larder/base/text.h"
#include "link.h"
#include "own_deadlines.h"

namespace larder::replication {

Replica::Replica(const Parts& parts)
    : parts_(parts),
      own_deadlines_(std::make_unique<OwnDeadlines>(
          OwnDeadlines::Parts{parts.log, parts.keyspace, parts.executor, parts.metrics})),
      link_(std::make_unique<Link>(*this)) {
  watch_settings(true);
  if (!settings().replicaof.is_none()) become_replica();
}

Replica::~Replica() {
  watch_settings(false);
  link_->close();
}

void Replica::watch_settings(bool watches) {
  const auto watcher = [this]() -> base::Result<void> {
    set_gates();
    return {};
  };
  for (config::Directive* directive : std::initializer_list<config::Directive*>{
           &parts_.settings.replica_read_only, &parts_.settings.replica_serve_stale_data,
           &parts_.memory.replica_ignore_maxmemory, &parts_.settings.min_replicas_to_write,
           &parts_.settings.min_replicas_max_lag}) {
    directive->watch(watches ? config::Watcher(watcher) : config::Watcher());
  }
  const auto raise = [this]() -> base::Result<void> {
    config::Bytes& size = parts_.settings.repl_backlog_size;
    if (size.value() < Settings::kLeastBacklog) size.value(Settings::kLeastBacklog);
    return {};
  };
  parts_.settings.repl_backlog_size.watch(watches ? config::Watcher(raise) : config::Watcher());
}

void Replica::connect_through(Dialer* dialer, const OwnPlace* place) {
  if (dialer == nullptr) link_->close();
  dialer_ = dialer;
  place_ = place;
}

void Replica::start() {
  adopt_found_stream();
  is_started_ = true;
  if (!is_replica_) return;
  const bool is_known = parts_.snapshots.found_stream().is_known();
  link_->open(is_known ? Link::Data::of_history : Link::Data::of_none);
}

// Who had this data under that history may continue from it: this server as a replica, or others
// that follow it as their primary.
void Replica::adopt_found_stream() {
  const persistence::StreamPoint& found = parts_.snapshots.found_stream();
  if (!found.is_known()) return;
  parts_.history.adopt(found.id, found.offset);
  if (!is_replica_) parts_.history.shift();
  parts_.feed.open();
  parts_.feed.restart();
  if (is_replica_) parts_.feed.continue_in(found.db);
}

void Replica::become_replica() {
  is_replica_ = true;
  parts_.metrics.role = "slave";
  parts_.keyspace.removals().hold(keyspace::Hold::replica);
  parts_.feed.open_for_primary();
  parts_.feed.take_from(Feed::Source::primary);
  parts_.log.role(base::LogRole::replica);
  set_gates();
}

bool Replica::follow(const std::string& host, int port) {
  if (is_replica_ && base::equals_ignoring_case(host, this->host()) && port == this->port()) {
    return false;
  }
  const bool was_primary = !is_replica_;
  link_->leave();
  parts_.settings.replicaof.value(host, port);
  if (was_primary) {
    become_replica();
    parts_.log.notice(
        "Before turning into a replica, using my own master parameters to synthesize a cached "
        "master: I may be able to synchronize with the new master with just a partial transfer.");
  }
  waits_.emplace(parts_.sessions);
  link_->open(Link::Data::of_history);
  return true;
}

void Replica::hand_over_to(const std::string& host, int port, HandoverUser& user) {
  handover_ = &user;
  follow(host, port);
}

void Replica::end_handover(bool accepted) {
  HandoverUser* const user = std::exchange(handover_, nullptr);
  if (user != nullptr) user->on_handover(accepted);
}

// What clients wait for would come from the primary; their commands are refused now. True if none
// waits any more.
bool Replica::end_waits(base::Budget& budget) {
  constexpr std::uint32_t kBetweenLooks = 16;
  // Each gets a reply in this turn.
  constexpr int kEndedAtOnce = 32;
  int ended = 0;
  while (engine::Session* const each = waits_->next()) {
    if (each->is_blocked() && parts_.waiters.unblock(*each, engine::Waiters::Ending::demotion)) {
      each->close(engine::Closing::after_reply);
      if (++ended == kEndedAtOnce) return false;
    }
    if (budget.spent(kBetweenLooks)) return false;
  }
  waits_.reset();
  return true;
}

void Replica::promote() {
  if (!is_replica_) return;
  handover_ = nullptr;
  parts_.log.role(base::LogRole::primary);
  waits_.reset();
  link_->leave();
  is_replica_ = false;
  parts_.metrics.role = "master";
  parts_.settings.replicaof.value({}, 0);
  parts_.history.shift();
  parts_.log.notice("Setting secondary replication ID to " + parts_.history.id2() +
                    ", valid up to offset: " + std::to_string(parts_.history.second_offset()) +
                    ". New replication ID is " + parts_.history.id());
  // They continue under the new id.
  parts_.replicas.disconnect_all();
  parts_.feed.take_from(Feed::Source::own_effects);
  parts_.feed.select_anew();
  parts_.keyspace.removals().release(keyspace::Hold::replica);
  set_gates();
}

void Replica::set_gates() {
  const auto set = [this](engine::Gate gate, bool closes) {
    closes ? parts_.gates.close(gate) : parts_.gates.open(gate);
  };
  set(engine::Gate::read_only, is_replica_ && parts_.settings.replica_read_only.value());
  set(engine::Gate::stale,
      is_replica_ && !link_->is_up() && !parts_.settings.replica_serve_stale_data.value());
  using Role = OwnDeadlines::Role;
  own_deadlines_->be(!is_replica_                                ? Role::primary
                     : parts_.settings.replica_read_only.value() ? Role::read_only_replica
                                                                 : Role::writable_replica);
  using Upstream = Replicas::Upstream;
  parts_.replicas.upstream(!is_replica_     ? Upstream::none
                           : link_->is_up() ? Upstream::connected
                                            : Upstream::broken);
  parts_.keyspace.removals().let_replica_evict(!parts_.memory.replica_ignore_maxmemory.value());
}

std::int64_t Replica::offset() const { return link_->is_up() ? parts_.history.offset() : -1; }

LinkState Replica::state() const { return link_->state(); }
bool Replica::has_copy() const { return link_->has_copy(); }
void Replica::load_copy(persistence::LoadingHost& host) { link_->load_copy(host); }

void Replica::beat() {
  if (is_replica_ && is_started_) link_->beat();
}

void Replica::expire_own_keys(base::Budget budget) { own_deadlines_->expire(budget); }

bool Replica::run_stream(base::Budget budget) {
  if (!is_replica_) return false;
  if (waits_ && !end_waits(budget)) return true;
  return link_->run_stream(budget);
}

void Replica::report_bytes(memory::Audit& audit) const { link_->report_bytes(audit); }

}  // namespace larder::replication
