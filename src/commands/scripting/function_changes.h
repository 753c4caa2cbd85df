#pragma once

// Commands that change the libraries of functions.

#include <string>

#include "larder/engine/call.h"
#include "larder/keyspace/keyspace.h"
#include "larder/scripting/functions.h"

namespace larder::commands {

// The error for too many arguments.
inline void reply_wrong_count(engine::Call& call) {
  call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(call.arg(1)) + "'. Try FUNCTION HELP.");
}

// Followers get the command, and it counts as a change that is to be saved.
inline void note_function_change(engine::Call& call, keyspace::Keyspace& keyspace) {
  if (call.effects.listened()) call.effects.replace(call.args);
  keyspace.log().count_more(1);
}

// What a file or a primary contains was accepted there.
inline scripting::Functions::Bounds function_bounds(keyspace::Keyspace& keyspace) {
  return keyspace.removals().repeats() ? scripting::Functions::Bounds::are_ignored
                                       : scripting::Functions::Bounds::apply;
}

}  // namespace larder::commands
