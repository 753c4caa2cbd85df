#pragma once

// What a handler receives: the arguments, the first key, its database, who asks, and where
// the reply goes.

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
  BoundCommand& command;
  Waiters& waiters;
  // The command waited for keys, or goes on, and is run again with the words that were parked.
  bool resumed;
  LongCommands& long_commands;

  std::size_t size() const { return args.size(); }
  std::string_view arg(std::size_t index) const { return args[index]; }

  // Unix time, as it was when the turn began, and random numbers.
  std::int64_t now_ms() const { return db.now_ms(); }
  base::Rng& rng() const { return db.rng(); }

  // Another process that follows gets this instead of the command as it was sent.
  void propagate(std::initializer_list<std::string_view> words) {
    if (effects.listened()) effects.replace(words);
  }

  // Parks the session until a key may have what the command wants, or its time is over; the
  // handler returns without a reply. False where the session may not wait (inside transactions
  // and scripts): the handler answers that there is nothing.
  [[nodiscard]] bool wait_for(const Wait& wait) {
    return waiters.wait(session, command, args, wait);
  }

  // For a command that works in several turns (progress.h). Whether it must leave the rest to a
  // later turn; asked before each piece of its work, of some ten microseconds.
  [[nodiscard]] bool step_is_over() { return long_commands.step_is_over(session); }
  // What the command kept at its last step; null at its first.
  template <typename Kept>
  std::unique_ptr<Kept> progress() {
    return std::unique_ptr<Kept>(static_cast<Kept*>(long_commands.take().release()));
  }
  // Parks the session; the handler returns without a reply, and runs again.
  void go_on_later(std::unique_ptr<Progress> progress) {
    long_commands.go_on_later(session, command, args, std::move(progress));
  }
};

}  // namespace larder::engine
