#pragma once

// A session with subscriptions, by kind.

#include <array>

#include "larder/memory/heap.h"
#include "larder/pubsub/hub.h"

namespace larder::pubsub {

class Subscriber final : public engine::Attachment {
 public:
  static Subscriber* of(const engine::Session& session) {
    return static_cast<Subscriber*>(session.attachment(engine::Attached::subscriber));
  }

  Subscriber(Hub& home_, engine::Session& session_) : home(home_), session(session_) {}

  void detach(engine::Session& session) override;
  // A topic's block is counted with each of its subscriptions.
  std::size_t bytes() const override { return held_bytes; }
  bool free_in_steps(std::size_t& pieces) override;

  std::size_t count(Kind kind) const { return counts[static_cast<std::size_t>(kind)]; }
  std::size_t total() const { return counts[0] + counts[1] + counts[2]; }

  Hub& home;
  engine::Session& session;
  Subscriber* previous = nullptr;
  Subscriber* next = nullptr;
  std::array<Subscription*, kKinds> firsts{};
  std::array<std::size_t, kKinds> counts{};
  std::size_t held_bytes = memory::size_class(sizeof(Subscriber));
  // The session has ended: it gets no more messages.
  bool gone = false;
};

}  // namespace larder::pubsub
