#pragma once

// What a handler receives: the arguments, the first key, its database, who asks, and where
// the reply goes.

#include <initializer_list>
#include <string_view>

#include "larder/engine/errors.h"
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
  // The command waited for keys and is run again, with the words that were parked.
  bool resumed = false;

  std::size_t size() const { return args.size(); }
  std::string_view arg(std::size_t index) const { return args[index]; }

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
};

}  // namespace larder::engine
