#pragma once

// Shared by the six commands that begin and end subscriptions: one reply for each name, which
// CLIENT REPLY does not suppress.

#include <string_view>

#include "larder/engine/call.h"
#include "larder/pubsub/hub.h"

namespace larder::commands {

// Subscribes to every argument. `word` is the first of each answer: "subscribe".
void subscribe_to_all(engine::Call& call, pubsub::Hub& hub, pubsub::Kind kind,
                      std::string_view word);

// Unsubscribes from every argument or, without one, from all of this kind.
void unsubscribe_from_all(engine::Call& call, pubsub::Hub& hub, pubsub::Kind kind,
                          std::string_view word);

}  // namespace larder::commands
