#pragma once

// The parameter of a handler: the arguments, the first key, its database, the session, and the
// writer of the reply.

#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "larder/engine/errors.h"
#include "larder/engine/long_commands.h"
#include "larder/engine/progress.h"
#include "larder/engine/propagation.h"
#include "larder/engine/session.h"
#include "larder/engine/waiters.h"
#include "larder/keyspace/database.h"
#include "larder/resp/request.h"
#include "larder/resp/writer.h"

namespace larder::engine {

struct BoundCommand;

struct Call {
  resp::Args args;  // args[0] is the command's name; views into the read buffer
  keyspace::Key key;
  keyspace::Database& db;
  Session& session;
  resp::Writer& reply;
  Propagation& effects;
  OwnEffects& own_effects;
  BoundCommand& command;
  Waiters& waiters;
  // The command waited for keys, or continues, and runs again with the parked words.
  bool resumed;
  LongCommands& long_commands;

  std::size_t size() const { return args.size(); }
  std::string_view arg(std::size_t index) const { return args[index]; }

  // Unix time, as it was when the turn began, and random numbers.
  std::int64_t now_ms() const { return db.now_ms(); }
  // What has a deadline up to this time does not exist for the command.
  std::int64_t expired_until_ms() const { return db.expired_until_ms(); }
  base::Rng& rng() const { return db.rng(); }

  // Followers get these words instead of the command as it was sent.
  void propagate(std::initializer_list<std::string_view> words) {
    if (effects.listened()) effects.replace(words);
  }
  // Followers get nothing of what the command changes itself.
  void suppress_effects() { effects.suppress(own_effects); }

  // Parks the session until one of the keys may have what the command needs, or its time is over;
  // the handler returns without a reply. False if the session must not wait (in transactions and
  // scripts): the handler then replies that there is nothing.
  [[nodiscard]] bool wait_for(const Wait& wait) {
    return waiters.wait(session, command, args, wait);
  }

  // Of the keys that it waits for, those that it has to look at.
  resp::Args candidates(resp::Args keys) const { return waiters.candidates(session, keys); }

  // For a command that needs more room below maxmemory than can be made at once. The handler
  // returns without a reply, and runs again from its beginning when there is room; so it must not
  // have changed anything yet.
  bool may_run_again() const { return session.may_block && !resumed; }
  void run_again_with_room(std::uint64_t bytes) {
    waiters.waiting_for_memory().add(session, bytes);
  }

  // For a command with effects whose reply may be large: `write` writes the reply before the first
  // effect. False if there is no room for it; the handler returns without effects. It runs again
  // from its beginning when there is room, or the client gets an error.
  template <typename Write>
  [[nodiscard]] bool reply_first(Write write, ReplyOrder order = ReplyOrder::before_effects) {
    session.reply_order = order;
    write();
    session.reply_order = ReplyOrder::any;
    if (__builtin_expect(reply.buffer().lacks_room(), 0)) return session.stopped = order, false;
    return true;
  }
  // The same if the handler then removes what it has replied with: the reply may take the room that
  // this frees.
  template <typename Write>
  [[nodiscard]] bool reply_removed(Write write) {
    return reply_first(write, ReplyOrder::of_removed);
  }
  // For a handler that has effects while it replies with at most `bytes` bytes: room for them,
  // during the life of the object. If there is none, the handler returns without effects.
  class RoomForReply {
   public:
    RoomForReply(Call& call, std::uint64_t bytes, ReplyOrder order) : buffer_(call.reply.buffer()) {
      is_there_ = call.reply_first([&] { call.reply.expect(bytes); }, order);
      if (is_there_) buffer_.pool().promise(buffer_, bytes + kMostUnused);
    }
    ~RoomForReply() { buffer_.pool().promise(buffer_, 0); }
    RoomForReply(const RoomForReply&) = delete;
    RoomForReply& operator=(const RoomForReply&) = delete;

    bool is_there() const { return is_there_; }

   private:
    static constexpr std::uint64_t kMostUnused = 2 * resp::ChunkPool::kChunkBytes;

    resp::ReplyBuffer& buffer_;
    bool is_there_;
  };

  // For a handler that returns because there is no room for its reply, behind `before` bytes of
  // output. If the command had waited for keys, it goes on waiting, and is tried again when there
  // is room. Other commands run again without this.
  void keep_waiting_for_room(std::uint64_t before) {
    resp::ReplyBuffer& output = reply.buffer();
    if (!resumed || output.was_refused_by_system()) return;
    const std::uint64_t wanted = output.wanted_behind(before);
    output.keep_first(before);
    session.stopped = ReplyOrder::any;
    waiters.wait_for_room(session, wanted);
  }

  // For a command that works in several turns (progress.h). True if it must leave the rest to a
  // later turn; called before each piece of its work, of some ten microseconds.
  [[nodiscard]] bool step_is_over() { return long_commands.step_is_over(session); }
  // What the command kept at its last step; null at its first.
  template <typename Kept>
  std::unique_ptr<Kept> progress() {
    return std::unique_ptr<Kept>(static_cast<Kept*>(long_commands.take().release()));
  }
  // Parks the session; the handler returns without a reply, and runs again.
  void continue_later(std::unique_ptr<Progress> progress) {
    long_commands.continue_later(session, command, args, std::move(progress));
  }
  // For a reply that got no more room while it was written: keeps its first `kept` bytes, and
  // continues when there is room for more. If another command already waits with a partly written
  // reply, this one starts again from the beginning instead, so that two commands never wait for
  // each other's memory. If it cannot wait, or exceeded the client's own limit, the whole reply is
  // dropped.
  void wait_for_memory(std::unique_ptr<Progress> progress, std::uint64_t kept) {
    resp::ReplyBuffer& written = progress->reply;
    if (written.passed_own_bound() || !session.may_block) return reply.take_over(written);
    std::uint64_t wanted = written.wanted_behind(kept);
    written.keep_first(kept);
    if (long_commands.has_waiting()) {
      wanted += written.held_bytes();
      progress = nullptr;
    }
    continue_later(std::move(progress));
    long_commands.wait_for_memory(session, wanted);
  }
};

}  // namespace larder::engine
