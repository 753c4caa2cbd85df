#pragma once

// A Session is the engine's state of one client: its user, its database, the format of its replies.
// The net room owns it together with its socket.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/engine/gates.h"
#include "larder/memory/audit.h"
#include "larder/memory/heap.h"
#include "larder/memory/text.h"
#include "larder/resp/writer.h"

namespace larder::engine {

class LongCommands;
class OutputSource;
class Session;
class HeldSessions;
class Sessions;
class Waiters;
struct BoundCommand;
struct Command;
struct ParkedCommand;

// The user of a session, as far as the engine must know. The room that keeps the users derives from
// it.
struct Account {
  std::string_view name;  // valid as long as the account
};

// What the engine needs of the connection of a session.
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

  // Bytes held for the connection now. A text that several connections receive (a message, a line
  // of MONITOR) counts for each of them until it is sent.
  struct Buffers {
    std::size_t query = 0;         // unparsed input
    std::size_t query_free = 0;    // room after it
    std::size_t arguments = 0;     // parsed arguments that wait
    std::size_t reply_buffer = 0;  // the first block of output
    std::size_t reply_peak = 0;    // largest number of unsent bytes recently
    std::size_t reply_bytes = 0;   // unsent bytes in the first block
    std::size_t reply_blocks = 0;  // blocks and shared texts after it
    std::size_t reply_held = 0;    // what those take
    std::size_t total = 0;         // everything, at the allocator's sizes
    bool reading = true;           // waits for input
    bool writing = false;          // waits until the socket takes more output
    bool held_back = false;        // not read because of its unsent output
  };
  virtual Buffers buffers() const = 0;

  // The session will be closed: do this at the end of the turn.
  virtual void closing() = 0;
  // The session waited for keys and has its reply, or was held back and may continue: the input
  // that arrived in the meantime may run.
  virtual void unblocked() {}
  // Output was added that is not the reply to a request of this session: send it at the end of the
  // turn, or close the session if it has too much unsent output.
  virtual void pushed() {}
  // Its command continues in a later turn; its memory may have grown, and a part of the reply may
  // be written.
  virtual void working() {}
  // Its command has had no effects, and its reply of about `bytes` was dropped for lack of room.
  // False if such a reply can never fit beside `kept` bytes of values that the command reads and
  // that could be evicted: then the error is the reply, and the session ends.
  virtual bool may_ever_reply([[maybe_unused]] std::uint64_t bytes,
                              [[maybe_unused]] std::uint64_t kept) {
    return true;
  }
  // Its command has had no effects, its reply was dropped for lack of room, and the session is
  // held: run the command again when there is room for a reply of `bytes`.
  virtual void put_off([[maybe_unused]] std::uint64_t bytes) {}
  // For a command of a transaction that cannot be put off: makes room for `bytes` more of the reply
  // at once. False if there is none.
  virtual bool make_room_to_reply([[maybe_unused]] std::uint64_t bytes) { return true; }
  // Until the command that runs is over, other clients are served (BusyHost): meanwhile the
  // connection is neither read nor sent to, and it is not closed.
  virtual void keep_still() {}
  // A reply to the session, or a push, was dropped: close it.
  virtual void dropped() {}
  // The command, null if it is unknown, has replied with an error.
  virtual void replied_error([[maybe_unused]] const BoundCommand* command) {}
  // The other end is the primary of this server: the session runs its stream of effects.
  virtual bool is_primary() const { return false; }
  // From now on the output continues with that of the source, behind what is not sent yet. Null:
  // there is no source any more.
  virtual void send_from(OutputSource*) {}
  // The source has bytes to send: take them at the end of the turn.
  virtual void source_grew() {}
  // Whether the system may keep small packets back to send fewer of them.
  virtual void delay_packets([[maybe_unused]] bool delay) {}
  // Its command would keep about `bytes` bytes more for the session, beyond the command's end.
  // False if there is no room for them: the session is then closed.
  virtual bool may_hold([[maybe_unused]] std::uint64_t bytes) { return true; }
};

// The data of a subsystem for one session, created when the session first needs it.
enum class Attached : std::uint8_t { transaction, watcher, subscriber, monitor, tracking, replica };
inline constexpr std::size_t kAttachments = 6;

class Attachment {
 public:
  virtual ~Attachment() = default;
  // The session ends or is reset: all its data here is removed, including this object. The session
  // drops its pointer before the call.
  virtual void detach(Session& session) = 0;
  // Its bytes, at the allocator's sizes. Cost: constant, however much it keeps.
  virtual std::size_t bytes() const = 0;

  // A large attachment is not freed in one step: detach() gives it to Session::defer_detach(), and
  // afterwards only bytes() and these functions are called. Frees up to `pieces` pieces and
  // subtracts their number; true if all is freed, including this object.
  virtual bool free_in_steps(std::size_t& pieces);
  // Reports to the audit the memory that nothing else reports.
  virtual void report_bytes(memory::Audit&) const {}
  // detach() frees at once if there are at most this many pieces.
  static constexpr std::size_t kPiecesAtOnce = 64;

 private:
  friend class Sessions;
  Attachment* next_left_ = nullptr;
};

enum class ReplyMode : std::uint8_t { on, off, skip_next, skip };
// What a running command with effects has promised about its reply. At other times, and for other
// commands, `any`.
enum class ReplyOrder : std::uint8_t {
  any,
  before_effects,    // it has had no effects, and will have none if there is no room for the reply
  of_removed,        // the same, and its effects remove what it replies with
  may_keep_waiting,  // it waited for keys, and waits on without effects if there is no room
};
// When to close the connection: after all replies are sent, or at the end of the turn.
enum class Closing : std::uint8_t { no, after_reply, now };

class Session {
 public:
  // Whether it is in Sessions with a number of its own, as all clients are.
  enum class Listing : std::uint8_t { listed, hidden };
  Session(Sessions& sessions, Peer& peer, resp::ReplyBuffer& output, const base::Clock& clock,
          Listing listing = Listing::listed);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::uint64_t id;         // 0 if it is hidden
  const std::int64_t created_ms;  // steady clock
  std::int64_t last_active_ms;    // steady clock
  int db = 0;
  // Gates closed for this session alone.
  std::uint32_t closed_gates = 0;
  // Which of the gates that are closed for all clients apply to this session.
  std::uint32_t common_gates = ~std::uint32_t{0};
  // Has authenticated, or connected while no password was required.
  bool logged_in = false;
  ReplyMode reply_mode = ReplyMode::on;
  Closing closing = Closing::no;
  ReplyOrder reply_order = ReplyOrder::any;
  // The order of the running command when it found no room for its reply, and stopped.
  ReplyOrder stopped = ReplyOrder::any;
  bool no_evict = false;
  bool no_touch = false;
  // The client is a replica: it gets the stream of effects, and its commands are not replied to.
  bool is_replica = false;
  // Commands that grow run although no room can be made below maxmemory: those of scripts that
  // declare it.
  bool may_exceed_maxmemory = false;
  // False in transactions and scripts, where a command that finds nothing replies at once.
  bool may_block = true;

 private:
  // Stored here because each command reads them, like the neighbouring members.
  bool held_ = false;
  bool runs_in_steps_ = false;
  ParkedCommand* parked_ = nullptr;

 public:
  const Command* last_command = nullptr;
  // Its user; nullptr if there is no room that keeps users.
  const Account* account = nullptr;
  resp::Writer reply;

  using Text = memory::Text<memory::Owner::client_input>;
  Text name;
  Text library_name;
  Text library_version;

  // The bytes of its texts, without this object, at the allocator's sizes.
  std::size_t text_bytes() const;

  const Peer& peer() const { return peer_; }
  Peer& peer() { return peer_; }
  bool authenticated() const { return (closed_gates & bit(Gate::auth)) == 0; }
  void close(Closing when) {
    if (when <= closing) return;
    closing = when;
    if (is_parked()) stop_waiting();
    peer_.closing();
  }
  // Its command has not replied yet: input that arrives in the meantime is not run.
  bool is_parked() const { return parked_ != nullptr; }
  // Why it is parked: it waits for keys, or its command continues in the next turns.
  bool is_blocked() const { return parked_ != nullptr && !runs_in_steps_; }
  bool is_working() const { return parked_ != nullptr && runs_in_steps_; }
  // The bytes of the parked command, at the allocator's sizes.
  std::size_t parked_bytes() const;
  // The bytes of client_output of the written part of its reply, while its command continues.
  std::size_t unfinished_reply_bytes() const { return is_working() ? working_reply_bytes() : 0; }
  // Its next command is delayed: for the reason of its queue, or until there is room for its reply.
  bool is_held() const { return held_; }
  bool is_held_for_reply() const { return held_ && queue_ == nullptr; }
  void hold() { held_ = true; }
  void resume();
  void leave_queue();
  bool may_ever_reply(std::uint64_t bytes, std::uint64_t kept) {
    return peer_.may_ever_reply(bytes, kept);
  }
  // Its command must run again when there is room for a reply of this size.
  void put_off(std::uint64_t reply_bytes) {
    hold();
    peer_.put_off(reply_bytes);
  }
  bool make_room_to_reply(std::uint64_t bytes) { return peer_.make_room_to_reply(bytes); }
  // For a command that makes the session keep memory: for `names` names of `name_bytes` bytes
  // together. False if it must not, and ends without a reply because the session is closed.
  bool may_hold(std::uint64_t names, std::uint64_t name_bytes) {
    constexpr std::uint64_t kOfName = 160;  // about what a watch, a subscription or a place takes
    constexpr std::uint64_t kUnasked = 64 << 10;
    const std::uint64_t bytes = names * kOfName + name_bytes;
    return bytes <= kUnasked || peer_.may_hold(bytes);
  }
  void keep_still() { peer_.keep_still(); }
  void note_error(const BoundCommand* command) { peer_.replied_error(command); }
  // Output to it has been dropped. Its command may continue; the session ends.
  void drop() {
    if (closing != Closing::now) peer_.dropped();
  }
  // Leaves all queues and ends its command, without a reply.
  void stop_waiting();
  // The client is disconnected, or will be: leaves all queues and drops its attachments.
  void leave();

  Attachment* attachment(Attached kind) const { return attachments_[index(kind)]; }
  void attach(Attached kind, Attachment& attachment) { attachments_[index(kind)] = &attachment; }
  // The attachment ends without detach().
  void forget(Attached kind) { attachments_[index(kind)] = nullptr; }
  std::size_t attached_bytes() const;
  // For detach(): the attachment's data, of this many pieces, is freed at the ends of turns.
  void defer_detach(Attachment& attachment, std::size_t pieces);
  // The session will add this many pieces: while very many wait to be freed, as many are freed
  // first, so that data that is left behind cannot grow faster than it is freed.
  void free_left_before_adding(std::size_t pieces);

  // Its output shows effects up to this position of the journal, its own and those that its
  // commands have read: it is sent when that position is released (Propagation::released()).
  std::uint64_t shown_position = 0;
  // The end of the stream of effects after its last command (Propagation::stream_end()): a replica
  // that has everything up to here has all that the session wrote or has seen.
  std::int64_t seen_offset = 0;

  // In RESP2 only kForSubscribers commands are then accepted.
  bool is_subscribed() const { return (closed_gates & bit(Gate::subscribed)) != 0; }
  // Receives messages without requests, so it is not idle if it sends nothing.
  bool is_listener() const {
    return is_subscribed() || is_replica || attachment(Attached::monitor) != nullptr;
  }
  // May be closed for the memory of clients.
  bool may_be_evicted() const { return !no_evict && !is_replica; }

  // Adds a text to the output that is not a reply, whether replies are muted or not; after the
  // reply of its own command while pushes are held back.
  void push(resp::SharedText& text);
  // The same for `bytes` bytes for this session alone, which print(char*) writes in place.
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
  // The bytes of client_output of pushes that are held back.
  std::size_t held_push_bytes() const {
    return held_pushes_ == nullptr ? 0 : held_pushes_->held_bytes();
  }

  // Called after each command while reply_mode is not `on`: mutes or unmutes the next replies.
  void advance_reply_mode();
  // RESET: the state of a new connection, except for the user.
  void reset();

  Session* next() const { return next_; }

 private:
  friend class HeldSessions;
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
  // Where it is held, with its neighbours there; null if it is held for the room of its reply.
  HeldSessions* queue_ = nullptr;
  Session* previous_held_ = nullptr;
  Session* next_held_ = nullptr;
  std::uint64_t wanted_bytes_ = 0;  // the room that its command needs, if it said so
  // Set by Sessions::add, which runs before members with initializers would be set.
  Session* previous_;
  Session* next_;
  LongCommands* long_commands_ = nullptr;  // where its command continues or continued
};

// During its life, pushes to the session are sent after the reply of its command. If nested, the
// outermost one decides.
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

// A walk over the sessions in pieces: visits each session that stays once, in the order in which
// they connected, and none that connected after the walk began.
class SessionWalk {
 public:
  explicit SessionWalk(Sessions& sessions);
  ~SessionWalk();
  SessionWalk(const SessionWalk&) = delete;
  SessionWalk& operator=(const SessionWalk&) = delete;

  // The next one, or null after the last.
  Session* next();
  // Visits again the session that next() has returned, which must not have ended since.
  void go_back_to(Session& session) { at_ = &session; }

 private:
  friend class Sessions;

  Sessions& sessions_;
  Session* at_;  // the session that is visited next
  const std::uint64_t last_id_;
  SessionWalk* previous_walk_ = nullptr;
  SessionWalk* next_walk_;
};

// All sessions, in the order in which they connected, and the data that ended ones left behind.
class Sessions final : public memory::AuditedOwner {
 public:
  Sessions() = default;
  ~Sessions() override;
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // Frees data that was left behind until the budget is spent; true if nothing is left.
  bool free_left(base::Budget budget);
  bool has_left() const { return first_left_ != nullptr; }
  std::size_t left_pieces() const { return left_pieces_; }
  // What that data holds.
  std::size_t left_bytes() const { return left_bytes_; }

  void report_bytes(memory::Audit& audit) const override;

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
  // While more pieces than this wait to be freed, a session that adds pieces frees as many.
  static constexpr std::size_t kMostLeft = 1 << 18;

  void defer_detach(Attachment& attachment, std::size_t pieces);
  void free_in_steps(std::size_t pieces);

  Session* first_ = nullptr;
  Session* last_ = nullptr;
  std::size_t size_ = 0;
  std::uint64_t last_id_ = 0;
  Attachment* first_left_ = nullptr;
  Attachment* last_left_ = nullptr;
  std::size_t left_pieces_ = 0;
  std::size_t left_bytes_ = 0;
  SessionWalk* first_walk_ = nullptr;
};

}  // namespace larder::engine
