#pragma once

// One MIGRATE under way.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "larder/engine/session.h"
#include "larder/replication/migrations.h"
#include "larder/replication/session_part.h"
#include "larder/replication/wire.h"

namespace larder::replication {

class Migration final : private WireUser {
 public:
  Migration(Migrations& home, engine::Session& session, MigrationOrder order);
  ~Migration();

  // The time without progress is over.
  bool is_late(std::int64_t now_ms) const;
  void give_up();
  bool is_over() const { return is_over_; }
  std::size_t bytes() const;

 private:
  // The part of the waiting client's session that MIGRATE has.
  class Ticket;
  // What the next line of the other server answers.
  struct Awaited {
    enum class Kind : std::uint8_t { auth, select, restore } kind;
    std::size_t key = 0;   // of `restore`
    std::string checksum;  // of the payload that was sent
    std::size_t request_bytes = 0;
  };

  void on_connected() override;
  void on_readable() override;
  void on_failed(std::string_view reason) override;

  // Sends keys as long as not too much is on the way.
  void send_more();
  void send_key(std::size_t index);
  // The payload of a key, as it is now; empty if there is none.
  std::string payload_of(const std::string& key, std::int64_t* ttl_ms = nullptr) const;
  void take_line(std::string_view line);
  void take_restored(const Awaited& answered, std::string_view line);
  void note_error(std::string text);
  void finish();
  void remove_arrived();
  void reply();

  Migrations& home_;
  const MigrationOrder order_;
  const int from_db_;
  Ticket* ticket_;  // null when the client is gone
  std::unique_ptr<Wire> wire_;
  std::string input_;
  std::deque<Awaited> awaited_;
  std::size_t next_ = 0;  // of the keys
  std::size_t unanswered_bytes_ = 0;
  std::vector<std::string> arrived_;
  std::string error_;
  bool is_open_ = false;
  bool is_over_ = false;
  std::int64_t last_progress_ms_;
};

}  // namespace larder::replication
