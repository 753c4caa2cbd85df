#pragma once

// A client that copies this server: what it said of itself, how far it is, and its output. It
// begins with the first REPLCONF of a session, and becomes a replica with PSYNC or SYNC.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "larder/engine/output_source.h"
#include "larder/engine/session.h"
#include "larder/replication/session_part.h"

namespace larder::replication {

class FileReader;
class SyncPayload;
class Replicas;

class Follower final : public SessionPart, public engine::OutputSource {
 public:
  enum class State : std::uint8_t {
    handshake,        // not a replica yet
    waits_for_start,  // of a snapshot
    waits_for_end,    // of a snapshot that is written to a file
    receives,         // a snapshot
    leaves,           // it wanted only the snapshot, and has it
    online,           // gets the stream
  };

  // What it said before PSYNC.
  struct Description {
    std::int64_t port = 0;
    std::string address;     // empty: that of its connection
    bool reads_eof = false;  // takes a snapshot of unknown length
    bool reads_psync2 = false;
    bool reads_field_deadlines = false;
    bool only_data = false;  // wants no stream
    bool without_keys = false;
    bool without_functions = false;
    bool same_contents(const Description& other) const {
      return without_keys == other.without_keys && without_functions == other.without_functions;
    }
  };

  Follower(Replicas& home, engine::Session& session);
  ~Follower() override;

  // Null if the session has said nothing yet.
  static Follower* of(const engine::Session& session) {
    auto* const part = static_cast<SessionPart*>(session.attachment(engine::Attached::replica));
    return part == nullptr ? nullptr : part->follower();
  }

  Description description;

  State state() const { return state_; }
  bool is_online() const { return state_ == State::online; }
  // Waits for a snapshot, and gets newlines meanwhile.
  bool waits() const { return state_ == State::waits_for_start || state_ == State::waits_for_end; }
  // The stream must keep what it has not been sent.
  bool needs_stream() const {
    return state_ == State::waits_for_end || state_ == State::receives || is_online();
  }
  engine::Session& session() const { return session_; }
  // The address and port that it serves clients at, as in INFO.
  std::string ip() const;
  // For the log.
  std::string name() const;

  // The offset of the stream that is sent next, and the last one that it has acknowledged.
  std::int64_t next_offset() const { return next_offset_; }
  std::int64_t acked() const { return acked_; }
  // How many bytes of the stream it has not acknowledged.
  std::int64_t behind_bytes() const;
  // Of the stream, on disk, for all replicas.
  std::uint64_t spilled_bytes() const;
  // For how many seconds it has not said how far it is.
  std::int64_t lag_s() const;
  // The first offset that it may not have yet.
  std::int64_t first_unacked() const { return std::max(acked_ + 1, began_at_); }
  std::int64_t acked_on_disk() const { return acked_on_disk_; }
  // When it did, or became a replica, on the steady clock.
  std::int64_t acked_ms() const { return acked_ms_; }
  // When it last took bytes.
  std::int64_t took_ms() const { return took_ms_; }
  std::int64_t waits_since_ms() const { return waits_since_ms_; }

  // The stages
  void wait_for_start(bool by_psync);
  // A snapshot of this offset was started for it.
  void snapshot_started(const std::shared_ptr<SyncPayload>& payload, std::string_view id,
                        std::int64_t offset);
  void begin_to_receive();
  void go_online(std::int64_t next_offset);
  // REPLCONF ACK
  void acknowledge(std::int64_t offset, std::int64_t on_disk);
  // Sends this text before all else.
  void send_text(std::string_view text);
  // Newlines keep the connection alive while it waits.
  void send_newline();
  // There may be more to send.
  void wake();
  void close() { session_.close(engine::Closing::now); }
  bool is_closing() const { return session_.closing != engine::Closing::no; }
  // It says how far it is: not after SYNC.
  bool acknowledges() const { return by_psync_; }
  // It does not take what there is of the snapshot.
  bool is_stuck();
  // Whether it has been behind by more than its limit for so long.
  bool is_behind_for_longer(bool is_behind, std::int64_t most_ms);

  const std::shared_ptr<SyncPayload>& payload() const { return payload_; }
  std::uint64_t position() const { return position_; }
  std::size_t held_bytes() const;
  FileReader& reader();
  void stop_reading();

  // engine::OutputSource
  std::string_view next() override;
  void sent(std::size_t bytes) override;
  void interrupted() override;

  // SessionPart
  Follower* follower() override { return this; }
  void detach(engine::Session& session) override;
  std::size_t bytes() const override { return memory::size_class(sizeof(Follower)); }

 private:
  class Reading;

  void end_payload_if_sent();

  Replicas& home_;
  engine::Session& session_;
  std::string peer_ip_;  // also when the connection has ended
  State state_ = State::handshake;
  bool by_psync_ = true;
  bool waits_for_ack_ = false;  // before the stream begins
  std::string text_;
  std::shared_ptr<SyncPayload> payload_;
  std::uint64_t position_ = 0;  // in the payload
  std::int64_t next_offset_ = 1;
  std::int64_t began_at_ = 1;  // the first offset that it was or will be sent
  std::int64_t acked_ = 0;
  std::int64_t acked_on_disk_ = 0;
  std::int64_t acked_ms_ = 0;
  std::int64_t took_ms_ = 0;
  std::int64_t waits_since_ms_ = 0;
  std::optional<std::int64_t> behind_since_ms_;
  std::unique_ptr<Reading> reading_;
};

// As INFO prints it.
std::string_view state_name(const Follower& replica);

}  // namespace larder::replication
