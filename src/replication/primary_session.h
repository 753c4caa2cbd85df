#pragma once

// The session that runs the stream of the primary. It is a client as others in CLIENT LIST.

#include <string>
#include <string_view>
#include <utility>

#include "larder/engine/session.h"
#include "larder/replication/wire.h"
#include "larder/resp/reply_buffer.h"

namespace larder::replication {

// What the session tells.
class PrimarySessionUser {
 public:
  // The session was closed by a command, which still runs.
  virtual void on_session_closed() = 0;
  // A command of the stream has replied with this error.
  virtual void on_error_reply(const engine::BoundCommand* command, std::string_view error) = 0;

 protected:
  ~PrimarySessionUser() = default;
};

class PrimarySession final : private engine::Peer {
 public:
  PrimarySession(engine::Sessions& sessions, const base::Clock& clock, const Wire& wire,
                 PrimarySessionUser& user)
      : user_(user),
        address_(wire.address()),
        local_address_(wire.local_address()),
        descriptor_(wire.descriptor()),
        output_(chunks_),
        session_(sessions, *this, output_, clock) {
    session_.common_gates = ~(kPasses | engine::kDelayingGates);
    session_.may_block = false;
    session_.logged_in = true;
  }
  ~PrimarySession() override = default;

  engine::Session& session() { return session_; }
  const engine::Session& session() const { return session_; }
  // The replies, which nobody gets.
  void drop_replies() { output_.clear(); }

  void report_bytes(memory::Audit& audit) const {
    audit.found(memory::Owner::client_input, static_cast<std::int64_t>(session_.text_bytes()));
    audit.found(memory::Owner::client_output,
                static_cast<std::int64_t>(output_.held_bytes() + chunks_.free_bytes()));
  }

 private:
  // What is refused to clients, but not to the primary.
  static constexpr std::uint32_t kPasses =
      engine::bit(engine::Gate::loading) | engine::bit(engine::Gate::out_of_memory) |
      engine::bit(engine::Gate::auth) | engine::bit(engine::Gate::disk_error) |
      engine::bit(engine::Gate::replicas) | engine::bit(engine::Gate::read_only) |
      engine::bit(engine::Gate::stale);
  // Of longer replies only the code of the error is logged.
  static constexpr std::size_t kMostCopied = 64 * 1024;

  std::string address() const override { return address_; }
  std::string local_address() const override { return local_address_; }
  int descriptor() const override { return descriptor_; }
  bool is_unix_socket() const override { return false; }
  bool is_local() const override { return false; }
  Buffers buffers() const override { return {}; }
  bool is_primary() const override { return true; }
  void closing() override { user_.on_session_closed(); }
  void replied_error(const engine::BoundCommand* command) override {
    user_.on_error_reply(command, last_error());
  }
  std::string last_error() const;

  PrimarySessionUser& user_;
  const std::string address_;
  const std::string local_address_;
  const int descriptor_;
  resp::ChunkPool chunks_;
  resp::ReplyBuffer output_;
  engine::Session session_;
};

}  // namespace larder::replication
