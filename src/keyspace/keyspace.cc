#include "larder/keyspace/keyspace.h"

namespace larder::keyspace {

Keyspace::Keyspace(const base::Clock& clock, base::Rng& rng, const Settings& settings,
                   Metrics& metrics)
    : clock_(clock), rng_(rng), access_{clock, settings, rng}, metrics_(metrics) {
  if (!tracks_big_keys()) big_keys_.stop();
  const auto count = static_cast<int>(settings.databases.value());
  for (int i = 0; i < count; ++i) {
    databases_.push_back(
        std::make_unique<Database>(i, Shared{clock_, access_, log_, graveyard_, metrics_, big_keys_,
                                             removals_, before_changes_, miss_sink_}));
  }
}

std::size_t Keyspace::size() const {
  std::size_t keys = 0;
  for (const auto& db : databases_) keys += db->size();
  return keys;
}

double Keyspace::share_before(std::size_t db, double part) const {
  double before = 0;
  double all = 0;
  for (std::size_t i = 0; i < databases_.size(); ++i) {
    const auto keys = static_cast<double>(databases_[i]->size());
    all += keys;
    if (i < db) before += keys;
    if (i == db) before += keys * part;
  }
  return all == 0 ? 1 : before / all;
}

bool Keyspace::has_volatile_keys() const {
  for (const auto& db : databases_) {
    if (db->volatile_size() > 0 || !db->element_expires().empty()) return true;
  }
  return false;
}

void Keyspace::flush(std::size_t index, Freeing freeing) {
  Database& db = *databases_[index];
  log_.add_flush(db.index(), db.size());
  if (db.size() == 0) return;
  db.flush(freeing);
  big_keys_.forget(db.index());
}

void Keyspace::flush_all(Freeing freeing) {
  log_.add_flush(-1, size());
  for (const auto& db : databases_) {
    if (db->size() == 0) continue;
    db->flush(freeing);
    big_keys_.forget(db->index());
  }
}

std::unique_ptr<Keyspace> Keyspace::make_beside() const {
  auto made = std::make_unique<Keyspace>(clock_, rng_, access_.settings, metrics_);
  made->access_.mode = access_.mode;
  made->big_keys_.stop();
  made->removals_.hold(Hold::replica);
  return made;
}

void Keyspace::take_over(Keyspace& beside) {
  flush_all(Freeing::lazily);
  for (const auto& db : databases_) {
    Database& other = *beside.databases_[static_cast<std::size_t>(db->index())];
    if (other.size() == 0) continue;
    before_changes_.before_arrival(db->index());
    db->swap(other);
    log_.also(Event::swapdb, db->index(), {});
  }
  ++swaps_;
}

void Keyspace::bury(Keyspace& beside) {
  for (const auto& db : beside.databases_) {
    if (db->size() > 0) db->flush_into(graveyard_, Freeing::lazily);
  }
}

void Keyspace::swap(std::size_t a, std::size_t b) {
  if (a == b) return;
  before_changes_.before_swap(static_cast<int>(a), static_cast<int>(b));
  databases_[a]->swap(*databases_[b]);
  ++swaps_;
  big_keys_.swap(static_cast<int>(a), static_cast<int>(b));
  log_.add(Event::swapdb, static_cast<int>(a), {});
  log_.also(Event::swapdb, static_cast<int>(b), {});
}

void Keyspace::report_bytes(memory::Audit& audit) const {
  for (const memory::Owner owner :
       {memory::Owner::strings, memory::Owner::lists, memory::Owner::hashes, memory::Owner::sets,
        memory::Owner::sorted_sets, memory::Owner::streams}) {
    audit.found(owner, 0);
  }
  for (const auto& db : databases_) {
    report_table_bytes(db->entries(), db->expires(), db->element_expires(), audit);
    // The sum must be that of the entries: a difference shows as one of this owner.
    std::uint64_t volatile_bytes = 0;
    db->expires().for_each(
        [&volatile_bytes](const Entry* entry) { volatile_bytes += entry->footprint(); });
    audit.found(memory::Owner::expires,
                static_cast<std::int64_t>(volatile_bytes - db->volatile_bytes()));
  }
  graveyard_.report_bytes(audit);
}

}  // namespace larder::keyspace
