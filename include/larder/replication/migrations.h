#pragma once

// MIGRATE: sends keys to another server over a connection of their own, and removes those that
// arrived. Other clients are served meanwhile, but the keys are held (engine::HeldKeys) until all
// is over. A script that did not declare a key can change it all the same: then the key is kept
// here, although the other server has its former value, and the client is told so.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "larder/base/clock.h"
#include "larder/engine/executor.h"
#include "larder/engine/held_keys.h"
#include "larder/engine/internal_session.h"
#include "larder/engine/session.h"
#include "larder/engine/waiters.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/audit.h"
#include "larder/persistence/settings.h"
#include "larder/replication/wire.h"

namespace larder::replication {

class Migration;
class OwnPlace;

// What the client asks for.
struct MigrationOrder {
  std::string host;
  int port = 0;
  int to_db = 0;
  std::int64_t timeout_ms = 0;  // without any progress
  bool copies = false;          // the keys stay here, too
  bool replaces = false;        // keys of the other server
  std::string user;
  std::string password;  // empty: no AUTH
  std::vector<std::string> keys;
};

class Migrations final : public memory::AuditedOwner {
 public:
  struct Parts {
    const base::Clock& clock;
    keyspace::Keyspace& keyspace;
    engine::Executor& executor;
    engine::Sessions& sessions;
    engine::Waiters& waiters;
    engine::HeldKeys& held_keys;
    const persistence::SnapshotSettings& settings;
  };
  explicit Migrations(const Parts& parts);
  ~Migrations() override;
  Migrations(const Migrations&) = delete;
  Migrations& operator=(const Migrations&) = delete;

  // See Replica::connect_through().
  void connect_through(Dialer* dialer, const OwnPlace* place);
  bool can_connect() const { return dialer_ != nullptr; }

  // Whether the session is free to wait for a migration.
  static bool may_wait(const engine::Session& session) {
    return session.attachment(engine::Attached::replica) == nullptr;
  }
  // Begins; the session, which is parked without keys, gets its reply later.
  void begin(engine::Session& session, MigrationOrder order);
  // Some times a second: ends those whose time is over.
  void beat();

  std::size_t size() const { return running_.size(); }
  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class Migration;

  void forget(Migration& migration);

  const Parts parts_;
  Dialer* dialer_ = nullptr;
  const OwnPlace* place_ = nullptr;
  engine::InternalSession session_;  // removes the keys
  std::vector<std::unique_ptr<Migration>> running_;
  std::vector<std::unique_ptr<Migration>> ended_;
};

}  // namespace larder::replication
