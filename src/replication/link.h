#pragma once

// The link of a replica to its primary.
//
//   waiting -> connecting -> shaking hands -> streaming
//                                 |               ^
//                                 v               |
//                             receiving ------> loading
//
// A failure anywhere leads back to waiting, for a second at most.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "applier.h"
#include "handshake.h"
#include "larder/persistence/snapshots.h"
#include "larder/replication/replica.h"
#include "larder/replication/wire.h"
#include "payload.h"
#include "primary_session.h"
#include "sync_file.h"
#include "synced_offset.h"

namespace larder::replication {

class Link final : private WireUser,
                   private PrimarySessionUser,
                   private SyncFileUser,
                   private StreamReader {
 public:
  explicit Link(Replica& replica);
  ~Link();

  // Connects as soon as possible, in the history that this server has, or, if its data is not that
  // of any history, with a full copy.
  enum class Data : std::uint8_t { of_history, of_none };
  void open(Data data);
  // Ends the connection, and forgets a copy that is not complete.
  void close();
  // The same because this server is to follow another one, or nobody.
  void leave();

  LinkState state() const;
  bool is_up() const { return stage_ == Stage::streaming; }
  bool has_copy() const { return stage_ == Stage::copied; }
  void load_copy(persistence::LoadingHost& host);
  void beat();
  bool run_stream(base::Budget budget);

  // Figures of INFO.
  std::int64_t idle_s() const;  // since the primary sent anything
  std::int64_t down_s() const;  // since the link broke; -1: it never was up
  bool is_syncing() const;
  std::uint64_t copy_bytes() const { return payload_ ? payload_->bytes() : 0; }
  std::uint64_t copied_bytes() const { return copied_; }
  // What has run, and what was received; 1 before there is any data of the primary.
  std::int64_t offset() const;
  std::int64_t read_offset() const;

  void report_bytes(memory::Audit& audit) const;

 private:
  enum class Stage : std::uint8_t {
    closed,
    waiting,
    connecting,
    shaking_hands,
    receiving_head,
    receiving,
    copied,
    loading,
    streaming,
  };
  // Reads a copy from the connection.
  class Stream;

  const Replica::Parts& parts() const { return replica_.parts_; }
  base::Log& log() const { return parts().log; }
  void enter(Stage stage);
  std::int64_t now_ms() const { return parts().clock.steady_ms(); }

  // WireUser
  void on_connected() override;
  void on_readable() override;
  void on_failed(std::string_view reason) override;
  // PrimarySessionUser
  void on_session_closed() override { is_killed_ = true; }
  void on_error_reply(const engine::BoundCommand* command, std::string_view error) override;
  // SyncFileUser
  void on_written() override;
  void on_released() override;

  void dial();
  std::ptrdiff_t receive(std::span<char> room);
  void check_timeouts();
  // The connection is over: tries again in a second, or at once.
  enum class Again : std::uint8_t { later, at_once };
  void fail(Again again);
  void lose();
  void log_loss() const;
  void drop_connection();
  void drop_file();

  // Lines of the handshake and of the head of a copy.
  void read_lines();
  std::optional<std::string> next_line();
  void take_line(const std::string& line);
  void take_handshake_line(const std::string& line);
  void take_head(const std::string& line);

  void continue_history(const std::string& id);
  void begin_stream();
  void receive_copy();
  void end_copy();
  // Where a copy is received.
  enum class Target : std::uint8_t { file, databases, beside };
  Target target() const;
  bool is_direct() const { return target_ != Target::file; }
  bool is_copy_good(persistence::LoadingHost& host);
  void empty_data();
  persistence::Loading load(persistence::LoadingHost& host);
  persistence::Loading load_beside(persistence::LoadingHost& host, engine::Gate gate);
  void refuse_copy(persistence::Loading result);
  void keep_file();
  bool may_run() const;
  void acknowledge();
  void before(std::span<const resp::Request> requests) override;

  bool is_connected() const { return wire_ && payload_ && file_ && stage_ == Stage::loading; }

  Replica& replica_;
  Stage stage_ = Stage::closed;
  bool has_history_ = false;  // the data is that of the history, at its offset
  std::unique_ptr<Wire> wire_;
  std::optional<Handshake> handshake_;
  std::string input_;  // lines that are not complete
  std::optional<Payload> payload_;
  Target target_ = Target::file;
  persistence::CopyBeside* beside_ = nullptr;  // while it is loaded
  std::unique_ptr<SyncFile> file_;
  std::vector<std::unique_ptr<SyncFile>> dropped_files_;
  std::uint64_t copied_ = 0;
  std::uint64_t files_ = 0;
  std::unique_ptr<PrimarySession> session_;
  std::optional<Applier> applier_;
  int db_ = 0;  // of the stream
  bool has_input_ = false;
  bool is_killed_ = false;
  std::int64_t retry_at_ms_ = 0;
  std::int64_t heard_at_ms_ = 0;
  std::int64_t acknowledged_at_ms_ = 0;
  std::int64_t down_since_ms_ = -1;
  std::int64_t disk_error_logged_at_ms_ = 0;
  SyncedOffset synced_;
};

}  // namespace larder::replication
