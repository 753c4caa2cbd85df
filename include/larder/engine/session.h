#pragma once

// A Session is one client as the engine knows it: who it is, where it stands, how it wants
// to be answered. The net room owns it together with its socket.

#include <cstdint>
#include <string>
#include <string_view>

#include "larder/base/clock.h"
#include "larder/engine/account.h"
#include "larder/engine/gates.h"
#include "larder/memory/heap.h"
#include "larder/resp/writer.h"

namespace larder::engine {

class Sessions;
class Waiters;
struct Command;
struct ParkedCommand;

// What the engine asks of the connection behind a session.
class Peer {
 public:
  virtual ~Peer() = default;

  // Text forms, as CLIENT LIST shows them ("127.0.0.1:6379", or the path of a Unix socket).
  virtual std::string address() const = 0;
  virtual std::string local_address() const = 0;
  virtual int descriptor() const = 0;
  virtual bool is_unix_socket() const = 0;
  // From this machine: loopback or a Unix socket.
  virtual bool is_local() const = 0;

  // Bytes held for the connection at this moment.
  struct Buffers {
    std::size_t query = 0;         // unparsed input
    std::size_t query_free = 0;    // room behind it
    std::size_t arguments = 0;     // parsed arguments that wait
    std::size_t reply_buffer = 0;  // unsent output in the current block
    std::size_t reply_peak = 0;
    std::size_t reply_blocks = 0;  // further blocks
    std::size_t reply_bytes = 0;   // unsent bytes
    std::size_t reply_held = 0;    // what those blocks take
    std::size_t total = 0;         // everything, at the allocator's sizes
    bool reading = true;           // waits for input
    bool writing = false;          // waits until the socket takes more output
  };
  virtual Buffers buffers() const = 0;

  // The session shall close: see to it at the end of the turn.
  virtual void closing() = 0;
  // The session waited for keys and has its answer: what it sent meanwhile may run.
  virtual void unblocked() {}
};

enum class ReplyMode : std::uint8_t { on, off, skip_next, skip };
// When the connection shall go: when all replies are out, or at the end of the turn.
enum class Closing : std::uint8_t { no, after_reply, now };

class Session {
 public:
  Session(Sessions& sessions, Peer& peer, resp::ReplyBuffer& output, const base::Clock& clock);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::uint64_t id;
  const std::int64_t created_ms;  // steady clock
  std::int64_t last_active_ms;    // steady clock
  int db = 0;
  // Gates closed for this session alone.
  std::uint32_t closed_gates = 0;
  // Has shown a password, or came while none was asked for.
  bool logged_in = false;
  ReplyMode reply_mode = ReplyMode::on;
  Closing closing = Closing::no;
  bool no_evict = false;
  bool no_touch = false;
  // False inside transactions and scripts, where a command that finds nothing answers at once.
  bool may_block = true;
  const Command* last_command = nullptr;
  // Who it acts as; nullptr where nobody keeps users.
  const Account* account = nullptr;

 private:
  // Here because each command looks at it, as it does at what stands around.
  ParkedCommand* parked_ = nullptr;

 public:
  resp::Writer reply;

  using Text = std::basic_string<char, std::char_traits<char>,
                                 memory::Allocator<char, memory::Owner::client_input>>;
  Text name;
  Text library_name;
  Text library_version;

  // What the texts take beyond this object, at the allocator's sizes.
  std::size_t text_bytes() const;

  const Peer& peer() const { return peer_; }
  bool authenticated() const { return (closed_gates & bit(Gate::auth)) == 0; }
  void close(Closing when) {
    if (when <= closing) return;
    closing = when;
    if (is_blocked()) stop_waiting();
    peer_.closing();
  }
  // Waits for keys: nothing that it sent meanwhile is run.
  bool is_blocked() const { return parked_ != nullptr; }
  // What the parked command takes, at the allocator's sizes.
  std::size_t parked_bytes() const;
  // Leaves all lines, without an answer.
  void stop_waiting();
  // Called after each command while reply_mode is not `on`: mutes or unmutes what follows.
  void advance_reply_mode();
  // RESET: as right after connecting, but for who it acts as.
  void reset();

  Session* next() const { return next_; }

 private:
  friend class Sessions;
  friend class Waiters;
  Sessions& sessions_;
  Peer& peer_;
  Waiters* waiters_ = nullptr;  // where it waits or waited
  // Set by Sessions::add, which runs before members with initializers would be set.
  Session* previous_;
  Session* next_;
};

// All sessions, in the order in which they connected.
class Sessions {
 public:
  std::size_t size() const { return size_; }
  Session* first() const { return first_; }
  Session* find(std::uint64_t id) const;
  std::uint64_t last_id() const { return last_id_; }

 private:
  friend class Session;
  std::uint64_t next_id() { return ++last_id_; }
  void add(Session& session);
  void remove(Session& session);

  Session* first_ = nullptr;
  Session* last_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace larder::engine
