#pragma once

// One connection: its socket, its session, and its pending input and output.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "client_ranks.h"
#include "connection_queue.h"
#include "input.h"
#include "larder/engine/session.h"
#include "larder/memory/audit.h"
#include "larder/net/connections.h"
#include "larder/net/tls.h"
#include "larder/resp/reader.h"
#include "output_limits.h"
#include "read_ahead.h"

namespace larder::net {

class Connection final : public Watch, public engine::Peer {
 public:
  Connection(Connections& home, int socket, Transport transport);
  ~Connection() override;

  // Uses TLS from now on, starting with a handshake.
  void secure(Tls& tls);
  // Continues the handshake; it ends with a handshake_done or a disconnection.
  void continue_handshake();
  bool is_late_with_handshake(std::int64_t now_ms) const;

  void on_ready(unsigned readiness) override;

  // Continues with requests that waited until the replies before them were sent.
  void resume();
  // Sends what the socket takes and sets the events to wait for next.
  void finish_turn();
  void disconnect();

  bool can_resume() const {
    if (has_unread()) return true;
    if (!stalled_) return false;
    return !session_.is_parked() && !session_.is_held() && !waits_for_memory() &&
           output_.size() <= pause_bytes() / 2;
  }
  bool is_dead() const { return socket_ < 0; }
  // All memory of the connection.
  std::size_t total_bytes() const;
  // Whether it has more unsent output than allowed; if so, this is logged.
  bool outgrew_output_limits() {
    const bool may = output_.grown_bytes() > resp::ChunkPool::kChunkBytes ||
                     output_.shared_bytes() > 0 || session_.is_working();
    if (__builtin_expect(may, 0)) return passed_output_limits();
    forget_excess();
    return false;
  }
  // All of its output fits into one send.
  bool fits_one_send() const;
  void forget_excess() {
    output_excess_.forget();
    push_excess_.forget();
  }
  // Updates its rank among the largest, if there is a budget.
  void rank();
  // Resets the peak of its output once in each `reset_ms`; negative: never.
  void roll_peak(std::int64_t now_ms, std::int64_t reset_ms);
  std::string describe() const;
  engine::Session& session() { return session_; }

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
  void put_off(std::uint64_t bytes) override;
  void dropped() override;

  // Is queued for room: for a reply, or for more of a request.
  bool waits_for_memory() const { return memory_queue_place_ != ConnectionQueue::kNowhere; }
  std::uint64_t wanted_room() const { return room_wanted_; }
  // The bytes that a request that is being received will need beyond the capacity of its buffer.
  std::uint64_t announced_bytes() const {
    return wanted_ - std::min<std::uint64_t>(wanted_, input_.capacity());
  }
  // There is room: runs the command again, or receives more. False if it needs yet more.
  bool take_room();
  // The reply that it waits for, or the request, can never fit: replies with the error and closes.
  void refuse_room();
  // For how long it has neither sent nor received anything.
  std::int64_t still_ms(std::int64_t now_ms) const { return now_ms - session_.last_active_ms; }
  // Neither reads nor is read.
  bool is_stuck() const { return (paused_ || stalled_) && !output_.empty(); }
  void stop_discarding() { discarded_ = 0; }

  // Reports this connection's bytes of client_input and client_output to the audit.
  void report_bytes(memory::Audit& audit) const;

 private:
  friend class ClientBudget;
  friend class ClientRanks;
  friend class Connections;

  void receive();
  // The same if a large part of the request has arrived already.
  void receive_long();
  // Reads behind the connection's unfinished bytes, into the room or in place; returns both.
  std::span<const char> take_in(std::span<char> room);
  std::span<const char> take_in_place();
  ssize_t read_into(std::span<char> room);
  // Splits and plans the input of the reading after its first `from` bytes.
  void cut(Reading& reading, std::size_t from);
  // The same for a reading that is run at once.
  void cut_to_run(Reading& reading, std::size_t from);
  // Runs the input that was read and keeps the rest.
  void finish(Reading& reading);
  // Runs all requests of a reading whose first ones are split; returns how many bytes are
  // processed.
  std::size_t run_requests(Reading& reading);
  void keep(std::span<const char> input, std::size_t done);
  bool outgrew_its_limit();
  // Whether there is room to receive more of a large request; if not it waits or is refused.
  bool has_room_to_receive();
  bool is_too_long() const;
  void wait_for_memory(std::uint64_t bytes);
  // Reads the rest of a refused request and discards it, so that the client, which is still
  // sending, gets to read the error. Ends with the request, or if the client stops sending.
  void discard();
  bool is_discarding() const { return discarded_ > 0; }
  void leave_memory_queue();
  void bound_output();

  // TLS has read more from the socket than was processed, and the connection may be read.
  bool has_unread() const {
    return tls_ != nullptr && (interest() & kReadable) != 0 && !in_handshake() &&
           tls_->has_unread();
  }
  bool in_handshake() const { return tls_ != nullptr && tls_->in_handshake(); }
  // Is queued for the next step of the handshake.
  void wait_for_turn();
  void drop_tls();
  // In addition to the size of this object.
  std::size_t tls_bytes() const;

  bool passed_output_limits();
  void close_for_output();
  bool send_output();
  void choose_interest();
  void lose(const char* what);
  void leave_message_queue();
  bool is_done() const;

  std::size_t pause_bytes() const;
  void pause(bool paused);
  // The bytes of unsent output behind its own first block; shared texts in full.
  std::uint64_t output_bytes() const;
  // The session's bytes of client_input besides the buffers.
  std::size_t queue_bytes() const;
  bool is_closing() const { return session_.closing != engine::Closing::no; }

  Connections& home_;
  Connection* previous_ = nullptr;
  Connection* next_ = nullptr;
  int socket_;
  Transport transport_;
  bool dirty_ = false;
  bool stalled_ = false;  // may have whole requests that wait
  bool paused_ = false;   // is not read
  bool ended_ = false;    // the other end will send nothing more
  bool leaving_ = false;  // will be closed in one of the next turns
  std::uint32_t peak_period_ = 0;
  ConnectionQueue::Place handshake_place_ = ConnectionQueue::kNowhere;
  ConnectionQueue::Place message_queue_place_ = ConnectionQueue::kNowhere;
  ConnectionQueue::Place memory_queue_place_ = ConnectionQueue::kNowhere;
  std::uint64_t room_wanted_ = 0;
  std::uint64_t discarded_ = 0;     // bytes still to be read and discarded
  bool waits_to_reply_ = false;     // not to receive
  bool takes_room_ = false;         // while it is served
  bool wants_more_memory_ = false;  // than it got when it was queued
  TlsLink* tls_ = nullptr;          // absent: no TLS
  Input input_;
  std::uint64_t wanted_ = 0;
  std::size_t running_bytes_ = 0;  // of the requests that run, and of the input behind them
  resp::Reader reader_;
  resp::ReplyBuffer output_;
  engine::Session session_;
  OutputExcess output_excess_;
  OutputExcess push_excess_;
  std::uint64_t output_peak_ = 0;
  Rank rank_;
};

}  // namespace larder::net
