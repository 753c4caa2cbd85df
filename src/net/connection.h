#pragma once

// One connection: its socket, its session, and its pending input and output.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "held_output.h"
#include "input.h"
#include "input_batches.h"
#include "larder/engine/output_source.h"
#include "larder/engine/session.h"
#include "larder/memory/audit.h"
#include "larder/net/tls.h"
#include "larder/resp/reader.h"
#include "output_limits.h"
#include "services.h"

namespace larder::net {

class Connection final : public Watch, public engine::Peer {
 public:
  Connection(Services& services, int socket, Transport transport);
  ~Connection() override;

  // What the owners of shared things store for this connection. Only they change it.
  ConnectionList::Slot in_list;
  Sender::Slot in_sender;
  Closer::Slot in_closer;
  MemoryGate::Slot in_memory;
  InputReader::Slot in_reader;
  Handshakes::Slot in_handshakes;

  engine::Session& session() { return session_; }
  const engine::Session& session() const { return session_; }
  bool is_dead() const { return socket_ < 0; }
  // Neither disconnected nor waiting for it.
  bool is_open() const { return !is_dead() && in_closer.place == ConnectionQueue::kNowhere; }
  // No further request of it will run.
  bool is_closing() const { return session_.closing != engine::Closing::no; }
  void disconnect();

  // The loop: the socket is ready.
  void on_ready(unsigned readiness) override;
  bool is_served_within() const override { return true; }

  // TLS
  // Uses TLS from now on, starting with a handshake.
  void secure(Tls& tls);
  bool is_encrypted() const { return tls_ != nullptr; }
  // Makes a step of the handshake; at its end the connection is served, or disconnected.
  void continue_handshake();
  bool is_late_with_handshake(std::int64_t now_ms) const;
  // TLS has read more from the socket than was processed, and the connection may be read.
  bool has_unread() const {
    return tls_ != nullptr && (interest() & kReadable) != 0 && !in_handshake() &&
           tls_->has_unread();
  }

  // Input (connection_input.cc)
  // A large part of a request has arrived already, or will: it is received in the own buffer.
  bool receives_long() const { return input_.size() > kMostCopied || wanted_ > kReadBytes; }
  // Reads more of a large request, as far as there is room for it, and runs it if it is complete.
  void run_long_request();
  // Reads behind a copy of the unfinished input into the room; returns both, or nothing.
  std::span<const char> read(std::span<char> room);
  // Splits the input of the batch after its first `from` bytes.
  void split(InputBatch& batch, std::size_t from);
  // Runs a batch that was read, and keeps the rest of the input.
  void run_batch(InputBatch& batch);
  // Runs the requests that were kept because others had to run or be sent first.
  void run_kept_requests();
  // Runs a command again that was held for lack of room.
  void run_held_command();
  // The rest of a refused request is read and discarded, so that the client, which is still
  // sending, gets to read the error. Ends with the request, or if the client stops sending.
  bool is_discarding() const { return discarded_ > 0; }
  void discard(std::span<char> room);
  void stop_discarding() { discarded_ = 0; }

  // It will be closed: nothing of its socket is of interest any more.
  void ignore_events() {
    services_.parts.loop.forget(*this);
    services_.handshakes.forget(*this);
  }

  // Output (connection.cc)
  void visit_at_turn_end() { services_.sender.visit_at_turn_end(*this); }
  // Sends what the socket takes and sets the events to wait for next, or closes the connection.
  void finish_turn();
  // All of its output fits into one send.
  bool fits_one_send() const;
  // Neither reads nor is read.
  bool is_stuck() const { return (paused_ || stalled_) && !output_.empty(); }
  // For how long it has neither sent nor received anything.
  std::int64_t idle_ms(std::int64_t now_ms) const { return now_ms - session_.last_active_ms; }

  // Memory (connection_memory.cc)
  // All memory of the connection.
  std::size_t total_bytes() const;
  // It holds next to nothing.
  bool is_small() const;
  void rank() { services_.memory.rank(*this); }
  // Whether it has more unsent output than allowed; if so, this is logged.
  bool outgrew_output_limits() {
    const bool may = output_.grown_bytes() > resp::ChunkPool::kChunkBytes ||
                     output_.shared_bytes() > 0 || session_.is_working();
    if (__builtin_expect(may, 0)) return passed_output_limits();
    forget_excess();
    return false;
  }
  // Resets the peak of its output once in each `reset_ms`; negative: never.
  void roll_peak(std::int64_t now_ms, std::int64_t reset_ms);
  bool waits_for_memory() const { return in_memory.waits(); }
  // The bytes that a request that is being received will need beyond the capacity of its buffer.
  std::uint64_t announced_bytes() const {
    return wanted_ - std::min<std::uint64_t>(wanted_, input_.capacity());
  }
  // There is no room for the reply that it waits for, or for the request, and never will be, or the
  // system has no memory for the request: replies with the error and closes.
  enum class Shortage : std::uint8_t { maxmemory, system };
  void refuse_room(Shortage shortage = Shortage::maxmemory);
  // Reports this connection's bytes of client_input and client_output to the audit.
  void report_bytes(memory::Audit& audit) const;
  std::string describe() const;

  // engine::Peer
  std::string address() const override;
  std::string local_address() const override;
  int descriptor() const override { return socket_; }
  bool is_unix_socket() const override { return transport_ == Transport::unix_socket; }
  bool is_local() const override;
  Buffers buffers() const override;
  void closing() override;
  void unblocked() override;
  void pushed() override;
  void working() override;
  bool may_ever_reply(std::uint64_t bytes, std::uint64_t kept) override;
  void put_off(std::uint64_t bytes) override;
  bool make_room_to_reply(std::uint64_t bytes) override;
  void keep_still() override;
  void dropped() override;
  void send_from(engine::OutputSource* source) override;
  void source_grew() override { services_.sender.visit_first(*this); }
  void delay_packets(bool delay) override;
  bool may_hold(std::uint64_t bytes) override { return services_.memory.may_hold(*this, bytes); }

 private:
  std::span<const char> read_in_place();
  ssize_t receive(std::span<char> room);
  // Runs all requests of a batch whose first ones are planned; returns how many bytes are
  // processed.
  std::size_t run_requests(InputBatch& batch);
  // All complete requests of a batch have run: whether there is input to split behind them.
  bool has_more_input_after(const resp::Parsed& parsed);
  void keep(std::span<const char> input, std::size_t done);
  bool outgrew_its_limit();
  // Replies with this error, and closes.
  void refuse(const std::string& text);
  // "<need>, but maxmemory leaves less".
  void refuse_for_maxmemory(const std::string& need);
  bool has_room_to_receive();
  void bound_output();

  bool in_handshake() const { return tls_ != nullptr && tls_->in_handshake(); }
  void handshake_done();
  void drop_tls();
  // In addition to the size of this object.
  std::size_t tls_bytes() const;

  bool passed_output_limits();
  void forget_excess() {
    output_excess_.forget();
    push_excess_.forget();
  }
  void close_for_output();
  bool send_output();
  bool send_large(std::uint64_t most);
  std::uint64_t send_some(std::uint64_t most);
  // The unsent bytes that may be sent now.
  std::uint64_t sendable() {
    const std::uint64_t unsent = output_.size();
    return held_.empty() ? unsent : held_.sendable(unsent, services_.parts.executor.released());
  }
  bool send_source();
  void end_interrupted_source();
  void choose_interest();
  void lose(const char* what);
  bool is_done() const;
  // It can continue with input that it had sent already.
  bool can_continue() const {
    if (has_unread()) return true;
    if (!stalled_) return false;
    return !session_.is_parked() && !session_.is_held() && !waits_for_memory() &&
           output_.size() <= pause_bytes() / 2;
  }
  std::size_t pause_bytes() const;
  void pause(bool paused);
  // The bytes of unsent output behind its own first block; shared texts in full.
  std::uint64_t output_bytes() const;
  void note_kept_memory(std::size_t input_bytes);
  // The session's bytes of client_input besides the buffers.
  std::size_t queue_bytes() const;

  Services& services_;
  int socket_;
  Transport transport_;
  bool stalled_ = false;   // may have whole requests that wait
  bool paused_ = false;    // is not read
  bool ended_ = false;     // the other end will send nothing more
  bool is_still_ = false;  // its command runs while others are served
  std::uint32_t peak_period_ = 0;
  TlsLink* tls_ = nullptr;  // absent: no TLS
  Input input_;
  std::uint64_t wanted_ = 0;
  std::uint64_t discarded_ = 0;    // bytes still to be read and discarded
  std::size_t running_bytes_ = 0;  // of the requests that run, and of the input behind them
  resp::Reader reader_;
  resp::ReplyBuffer output_;
  HeldOutput held_;
  engine::OutputSource* source_ = nullptr;
  enum class SourceState : std::uint8_t { not_begun, waits_for_bytes, waits_for_socket };
  SourceState source_state_ = SourceState::not_begun;
  engine::Session session_;
  OutputExcess output_excess_;
  OutputExcess push_excess_;
  std::uint64_t output_peak_ = 0;
};

}  // namespace larder::net
