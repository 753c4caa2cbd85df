#pragma once

// Subscriptions and publishing. A message is written once for each protocol and shared by all its
// receivers (resp/shared_text.h). Subscriptions and messages are charged to pubsub.
//
//   Topic --> Subscription <-> Subscription <-> ...     one list for each channel or pattern
//                  |
//             Subscriber                              one for each session that subscribes
//
// A session that ends with many subscriptions gets no messages from then on; its subscriptions are
// removed in steps.
//
// Cost: subscribing and unsubscribing take one lookup each; publishing takes one lookup, a match of
// each pattern, and a small block for each receiver.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/engine/access_control.h"
#include "larder/engine/session.h"
#include "larder/memory/audit.h"
#include "larder/resp/shared_text.h"
#include "larder/types/table.h"

namespace larder::pubsub {

// Channels, patterns of channels, and sharded channels, which are separate names.
enum class Kind : std::uint8_t { channel, pattern, shard };
inline constexpr std::size_t kKinds = 3;

struct Subscription;
class Subscriber;
class Message;

// A channel or a pattern with subscribers; its name follows it in the same block.
struct Topic {
  Kind kind;
  std::size_t name_bytes;
  std::uint64_t hash;
  Subscription* first = nullptr;
  std::size_t subscribers = 0;

  std::string_view name() const { return {reinterpret_cast<const char*>(this + 1), name_bytes}; }
  std::size_t bytes() const { return sizeof(Topic) + name_bytes; }
};

struct TopicTraits {
  using Element = Topic;
  static constexpr memory::Owner kOwner = memory::Owner::pubsub;
  static std::string_view key(const Topic& topic) { return topic.name(); }
  static std::uint64_t hash(const Topic& topic) { return topic.hash; }
};

struct Subscription {
  Topic* topic;
  Subscriber* subscriber;
  Subscription* previous;  // of the topic's
  Subscription* next;
  Subscription* previous_own;  // of the subscriber's
  Subscription* next_own;
};

// Found by its topic and its subscriber.
struct SubscriptionTraits {
  using Element = Subscription;
  static constexpr memory::Owner kOwner = memory::Owner::pubsub;
  static std::string_view key(const Subscription& subscription) {
    return {reinterpret_cast<const char*>(&subscription), 2 * sizeof(void*)};
  }
  static std::uint64_t hash(const Subscription& subscription);
};

class Hub final : public engine::Subscriptions, public memory::AuditedOwner {
 public:
  using Kind = pubsub::Kind;

  Hub() : texts_(memory::Owner::pubsub) {}
  // There must be no subscribers any more.
  ~Hub() override;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // False when the session is, or is not, subscribed already.
  bool subscribe(engine::Session& session, Kind kind, std::string_view name);
  bool unsubscribe(engine::Session& session, Kind kind, std::string_view name);

  // Sends the message to the subscribers of the channel, and for Kind::channel to those of matching
  // patterns. Returns the number of receivers; a session with two matching subscriptions counts
  // twice.
  std::size_t publish(Kind kind, std::string_view channel, std::string_view message);

  // The number of channels or patterns of a kind that the session is subscribed to.
  static std::size_t subscriptions(const engine::Session& session, Kind kind);
  // One of them, as long as there are any.
  static std::optional<std::string_view> any(const engine::Session& session, Kind kind);
  // The bytes of the names of its subscriptions of a kind. Cost: a walk over them.
  static std::uint64_t name_bytes(const engine::Session& session, Kind kind);

  // Whether the visitor ended the walk over the subscriptions of the session.
  bool any(const engine::Session& session, Visitor& visitor) const override;

  bool has_subscribers() const { return subscribers_ > 0; }
  std::size_t subscribers() const { return subscribers_; }
  // Cost: a walk over all of them while the subscriptions of an ended session are removed.
  std::size_t topics(Kind kind) const;
  std::size_t subscribers_of(Kind kind, std::string_view name) const;
  // Calls fn(name) for every channel or pattern of a kind that has subscribers.
  template <typename Fn>
  void each_topic(Kind kind, Fn fn) const {
    table(kind).for_each([this, &fn](const Topic* topic) {
      if (gone_ == 0 || listeners(*topic) > 0) fn(topic->name());
    });
  }

  // The same in pieces, with changes between them: calls fn(name) for some and returns the cursor
  // to continue with; 0 is both the start and the end. Those that stay are visited exactly once,
  // others at most once.
  template <typename Fn>
  std::uint64_t scan_topics(Kind kind, std::uint64_t cursor, Fn fn) const {
    const Topics& topics = table(kind);
    return topics.scan(cursor, [this, &topics, cursor, &fn](const Topic* topic) {
      // The table may return one again after it has changed its shape.
      if (topics.cursor_of(topic->hash) < cursor) return;
      if (gone_ == 0 || listeners(*topic) > 0) fn(topic->name());
    });
  }

  void report_bytes(memory::Audit& audit) const override;

 private:
  friend class Subscriber;
  using Topics = types::Table<TopicTraits>;

  const Topics& table(Kind kind) const { return topics_[static_cast<std::size_t>(kind)]; }
  Topics& table(Kind kind) { return topics_[static_cast<std::size_t>(kind)]; }

  Topic& topic_for(Kind kind, std::string_view name);
  Subscriber& subscriber_for(engine::Session& session);
  // Subscribed sessions that have not ended.
  std::size_t listeners(const Topic& topic) const;
  void drop(Subscription& subscription);
  void drop_subscriber(Subscriber& subscriber);
  std::size_t deliver(const Topic& topic, Message& message);
  std::size_t publish_to_patterns(std::string_view channel, std::string_view message);

  resp::SharedTexts texts_;
  std::array<Topics, kKinds> topics_;
  types::Table<SubscriptionTraits> subscriptions_;
  Subscriber* first_ = nullptr;
  std::size_t subscribers_ = 0;
  std::size_t gone_ = 0;  // subscribers that have ended and are being removed
};

}  // namespace larder::pubsub
