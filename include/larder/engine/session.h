#pragma once

// A Session is one client as the engine knows it: who it is, where it stands, how it wants
// to be answered. The net room owns it together with its socket.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/engine/account.h"
#include "larder/engine/gates.h"
#include "larder/memory/audit.h"
#include "larder/memory/heap.h"
#include "larder/memory/text.h"
#include "larder/resp/writer.h"

namespace larder::engine {

class LongCommands;
class Session;
class HeldLine;
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

  // Bytes held for the connection at this moment. A text that several receive (a message, a line of
  // MONITOR) counts with each of them until it is sent.
  struct Buffers {
    std::size_t query = 0;         // unparsed input
    std::size_t query_free = 0;    // room behind it
    std::size_t arguments = 0;     // parsed arguments that wait
    std::size_t reply_buffer = 0;  // the first block of output
    std::size_t reply_peak = 0;    // most unsent bytes lately
    std::size_t reply_bytes = 0;   // unsent bytes in the first block
    std::size_t reply_blocks = 0;  // blocks and shared texts behind it
    std::size_t reply_held = 0;    // what those take
    std::size_t total = 0;         // everything, at the allocator's sizes
    bool reading = true;           // waits for input
    bool writing = false;          // waits until the socket takes more output
    bool held_back = false;        // is not read because of what it does not read
  };
  virtual Buffers buffers() const = 0;

  // The session shall close: see to it at the end of the turn.
  virtual void closing() = 0;
  // The session waited for keys and has its answer, or was held back and may go on: what it sent
  // meanwhile may run.
  virtual void unblocked() {}
  // Something was put into its output that no request of its own asked for: send it at the end
  // of the turn, or close the session when there is too much that it has not read.
  virtual void pushed() {}
  // Its command goes on in a later turn; what it holds may have grown, and have been answered in
  // part.
  virtual void working() {}
  // Its command only reads, its reply was dropped for want of room, and the session is held: the
  // command shall run again when there is room for a reply of `bytes`.
  virtual void put_off([[maybe_unused]] std::uint64_t bytes) {}
  // A reply to the session, or something pushed to it, was dropped: close it.
  virtual void dropped() {}
};

// What a subsystem keeps for one session, made when the session first needs it.
enum class Attached : std::uint8_t { transaction, watcher, subscriber, monitor, tracking };
inline constexpr std::size_t kAttachments = 5;

class Attachment {
 public:
  virtual ~Attachment() = default;
  // The session ends or is reset: everything it has here goes, this object too. The session
  // forgets it before the call.
  virtual void detach(Session& session) = 0;
  // What it takes, at the allocator's sizes. Cost: the same however much it keeps.
  virtual std::size_t bytes() const = 0;

  // One that keeps much does not end in one step: detach() hands it to Session::leave_behind(), and
  // nothing but these is called then. Frees up to `pieces` pieces of what it kept and takes what it
  // freed off; true when all is gone, this object too.
  virtual bool take_apart(std::size_t& pieces);
  // Tells the audit of what nobody else tells it of.
  virtual void testify(memory::Audit&) const {}
  // In so many pieces or fewer detach() frees at once.
  static constexpr std::size_t kPiecesAtOnce = 64;

 private:
  friend class Sessions;
  Attachment* next_left_ = nullptr;
};

enum class ReplyMode : std::uint8_t { on, off, skip_next, skip };
// When the connection shall go: when all replies are out, or at the end of the turn.
enum class Closing : std::uint8_t { no, after_reply, now };

class Session {
 public:
  // Whether it stands among Sessions with a number of its own, as all clients do.
  enum class Listing : std::uint8_t { listed, hidden };
  Session(Sessions& sessions, Peer& peer, resp::ReplyBuffer& output, const base::Clock& clock,
          Listing listing = Listing::listed);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::uint64_t id;         // 0 where it is hidden
  const std::int64_t created_ms;  // steady clock
  std::int64_t last_active_ms;    // steady clock
  int db = 0;
  // Gates closed for this session alone.
  std::uint32_t closed_gates = 0;
  // Which of the gates that are closed for everybody count for this session.
  std::uint32_t common_gates = ~std::uint32_t{0};
  // Has shown a password, or came while none was asked for.
  bool logged_in = false;
  ReplyMode reply_mode = ReplyMode::on;
  Closing closing = Closing::no;
  bool no_evict = false;
  bool no_touch = false;
  // False inside transactions and scripts, where a command that finds nothing answers at once.
  bool may_block = true;

 private:
  // Here because each command looks at them, as it does at what stands around.
  bool held_ = false;
  bool goes_on_ = false;
  ParkedCommand* parked_ = nullptr;

 public:
  const Command* last_command = nullptr;
  // Who it acts as; nullptr where nobody keeps users.
  const Account* account = nullptr;
  resp::Writer reply;

  using Text = memory::Text<memory::Owner::client_input>;
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
    if (is_parked()) stop_waiting();
    peer_.closing();
  }
  // Its command is not answered yet: nothing that it sent meanwhile is run.
  bool is_parked() const { return parked_ != nullptr; }
  // Why it is parked: it waits for keys, or its command goes on in the next turns.
  bool is_blocked() const { return parked_ != nullptr && !goes_on_; }
  bool is_working() const { return parked_ != nullptr && goes_on_; }
  // What the parked command takes, at the allocator's sizes.
  std::size_t parked_bytes() const;
  // What the written part of its reply takes of client_output while its command goes on.
  std::size_t unfinished_reply_bytes() const { return is_working() ? working_reply_bytes() : 0; }
  // Its next command waits: until clients are no longer paused, or for what its line waits for.
  bool is_held() const { return held_; }
  bool is_paused() const { return held_ && line_ == nullptr; }
  void hold() { held_ = true; }
  void go_on();
  void leave_line();
  // Its command is to run again when there is room for so large a reply.
  void put_off(std::uint64_t reply_bytes) {
    hold();
    peer_.put_off(reply_bytes);
  }
  // What was written to it has been dropped. Its command may go on; the session ends.
  void drop() {
    if (closing != Closing::now) peer_.dropped();
  }
  // Leaves all lines and ends its command, without an answer.
  void stop_waiting();
  // The client is gone, or about to: leaves all lines and drops what subsystems keep for it.
  void leave();

  Attachment* attachment(Attached kind) const { return attachments_[index(kind)]; }
  void attach(Attached kind, Attachment& attachment) { attachments_[index(kind)] = &attachment; }
  // The attachment ends by itself.
  void forget(Attached kind) { attachments_[index(kind)] = nullptr; }
  std::size_t attached_bytes() const;
  // For detach(): what the attachment keeps, in so many pieces, is freed at the ends of turns.
  void leave_behind(Attachment& attachment, std::size_t pieces);
  // It is about to keep so many pieces more: while very many wait to be freed, as many are freed
  // first, so that what is left behind cannot grow faster than it is taken apart.
  void pay_for(std::size_t pieces);

  // In RESP2 only kForSubscribers commands are taken then.
  bool is_subscribed() const { return (closed_gates & bit(Gate::subscribed)) != 0; }
  // Listens rather than asks: silence is no sign that it is idle.
  bool is_listener() const { return is_subscribed() || attachment(Attached::monitor) != nullptr; }

  // Puts a text into the output that no reply is, muted or not; behind the reply of its own
  // command while that holds pushes back.
  void push(resp::SharedText& text);
  // The same for `bytes` bytes that nobody else is sent, which print(char*) puts in their place.
  template <typename Print>
  void push(std::size_t bytes, Print print) {
    if (closing != Closing::no) return;
    resp::ReplyBuffer& output = held_pushes_ == nullptr ? reply.buffer() : *held_pushes_;
    char* const place = output.reserve_alone(bytes);
    if (place == nullptr) return drop();
    print(place);
    output.commit(bytes);
    peer_.pushed();
  }
  // What pushes held back take of client_output.
  std::size_t held_push_bytes() const {
    return held_pushes_ == nullptr ? 0 : held_pushes_->held_bytes();
  }

  // Called after each command while reply_mode is not `on`: mutes or unmutes what follows.
  void advance_reply_mode();
  // RESET: as right after connecting, but for who it acts as.
  void reset();

  Session* next() const { return next_; }

 private:
  friend class HeldLine;
  friend class HeldPushes;
  friend class LongCommands;
  friend class Sessions;
  friend class Waiters;

  static constexpr std::size_t index(Attached kind) { return static_cast<std::size_t>(kind); }
  void detach_all();
  std::size_t working_reply_bytes() const;

  std::array<Attachment*, kAttachments> attachments_{};
  resp::ReplyBuffer* held_pushes_ = nullptr;
  Sessions& sessions_;
  Peer& peer_;
  Waiters* waiters_ = nullptr;  // where it waits or waited
  HeldLine* line_ = nullptr;    // where it is held, if not by a pause
  // Set by Sessions::add, which runs before members with initializers would be set.
  Session* previous_;
  Session* next_;
  LongCommands* long_commands_ = nullptr;  // where its command goes on or went on
};

// While it lives, pushes to the session wait behind what its command replies. Nested ones leave
// it to the outermost.
class HeldPushes {
 public:
  explicit HeldPushes(Session& session)
      : session_(session),
        pushes_(session.reply.buffer().pool()),
        outermost_(session.held_pushes_ == nullptr) {
    if (outermost_) session_.held_pushes_ = &pushes_;
  }
  ~HeldPushes() {
    if (!outermost_) return;
    session_.held_pushes_ = nullptr;
    session_.reply.buffer().take_over(pushes_);
  }
  HeldPushes(const HeldPushes&) = delete;
  HeldPushes& operator=(const HeldPushes&) = delete;

 private:
  Session& session_;
  resp::ReplyBuffer pushes_;
  bool outermost_;
};

// A walk over the sessions in pieces: shows each session once that stays, in the order in which
// they connected, and none that connected after the walk began.
class SessionWalk {
 public:
  explicit SessionWalk(Sessions& sessions);
  ~SessionWalk();
  SessionWalk(const SessionWalk&) = delete;
  SessionWalk& operator=(const SessionWalk&) = delete;

  // The next one, or null after the last.
  Session* next();
  // Shows again what next() has returned, which must not have ended since.
  void go_back_to(Session& session) { at_ = &session; }

 private:
  friend class Sessions;

  Sessions& sessions_;
  Session* at_;  // who is shown next
  const std::uint64_t last_id_;
  SessionWalk* previous_walk_ = nullptr;
  SessionWalk* next_walk_;
};

// All sessions, in the order in which they connected, and what those that ended left behind.
class Sessions final : public memory::Witness {
 public:
  Sessions() = default;
  ~Sessions() override;
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // Frees what was left behind until the budget is spent; true when nothing is left.
  bool free_left(base::Budget budget);
  bool has_left() const { return first_left_ != nullptr; }
  std::size_t left_pieces() const { return left_pieces_; }

  void testify(memory::Audit& audit) const override;

  std::size_t size() const { return size_; }
  Session* first() const { return first_; }
  Session* find(std::uint64_t id) const;
  std::uint64_t last_id() const { return last_id_; }

 private:
  friend class Session;
  friend class SessionWalk;
  std::uint64_t next_id() { return ++last_id_; }
  void add(Session& session);
  void remove(Session& session);
  // While more pieces than this wait to be freed, who keeps more pays for it.
  static constexpr std::size_t kMostLeft = 1 << 18;

  void leave_behind(Attachment& attachment, std::size_t pieces);
  void take_apart(std::size_t pieces);

  Session* first_ = nullptr;
  Session* last_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t last_id_ = 0;
  Attachment* first_left_ = nullptr;
  Attachment* last_left_ = nullptr;
  std::size_t left_pieces_ = 0;
  SessionWalk* first_walk_ = nullptr;
};

}  // namespace larder::engine
