#include "larder/pubsub/hub.h"

#include <algorithm>
#include <new>

#include "larder/base/assert.h"
#include "larder/base/glob.h"
#include "larder/base/hash.h"
#include "larder/memory/heap.h"
#include "message.h"
#include "subscriber.h"

namespace larder::pubsub {
namespace {

constexpr auto kOwner = memory::Owner::pubsub;
// A message of at most this length with only one receiver is written into its output.
constexpr std::size_t kMostCopied = 256;
constexpr std::uint32_t kGate = engine::bit(engine::Gate::subscribed);

struct Pair {
  const Topic* topic;
  const Subscriber* subscriber;

  std::string_view key() const { return {reinterpret_cast<const char*>(this), sizeof *this}; }
  std::uint64_t hash() const { return base::hash_bytes(key()); }
};
static_assert(sizeof(Pair) == 2 * sizeof(void*));

// The bytes of a subscription and its topic.
std::size_t held_bytes(const Topic& topic) {
  return memory::size_class(sizeof(Subscription)) + memory::size_class(topic.bytes());
}

engine::Subscriptions::Kind kind_of(const Topic& topic) {
  switch (topic.kind) {
    case Kind::channel:
      return engine::Subscriptions::Kind::channel;
    case Kind::pattern:
      return engine::Subscriptions::Kind::pattern;
    case Kind::shard:
      break;
  }
  return engine::Subscriptions::Kind::shard_channel;
}

}  // namespace

std::uint64_t SubscriptionTraits::hash(const Subscription& subscription) {
  return base::hash_bytes(key(subscription));
}

void Subscriber::detach(engine::Session& ended) {
  ended.closed_gates &= ~kGate;
  gone = true;
  ++home.gone_;
  --home.subscribers_;
  if (total() > kPiecesAtOnce) return ended.defer_detach(*this, total());
  std::size_t all = kPiecesAtOnce;
  free_in_steps(all);
}

bool Subscriber::free_in_steps(std::size_t& pieces) {
  for (Subscription* const& first : firsts) {
    for (; first != nullptr && pieces > 0; --pieces) home.drop(*first);
    if (first != nullptr) return false;
  }
  home.drop_subscriber(*this);
  return true;
}

Hub::~Hub() { LARDER_ASSERT(first_ == nullptr); }

Topic& Hub::topic_for(Kind kind, std::string_view name) {
  const std::uint64_t hash = base::hash_bytes(name);
  if (Topic* known = table(kind).find(name, hash)) return *known;
  void* block = memory::allocate(kOwner, sizeof(Topic) + name.size());
  auto* topic = new (block) Topic{.kind = kind, .name_bytes = name.size(), .hash = hash};
  std::copy(name.begin(), name.end(), reinterpret_cast<char*>(topic + 1));
  table(kind).insert(topic, hash);
  return *topic;
}

Subscriber& Hub::subscriber_for(engine::Session& session) {
  if (Subscriber* known = Subscriber::of(session)) return *known;
  auto* const subscriber = memory::make<Subscriber>(kOwner, *this, session);
  subscriber->next = first_;
  if (first_ != nullptr) first_->previous = subscriber;
  first_ = subscriber;
  ++subscribers_;
  session.attach(engine::Attached::subscriber, *subscriber);
  session.closed_gates |= kGate;
  return *subscriber;
}

void Hub::drop_subscriber(Subscriber& subscriber) {
  (subscriber.previous == nullptr ? first_ : subscriber.previous->next) = subscriber.next;
  if (subscriber.next != nullptr) subscriber.next->previous = subscriber.previous;
  --gone_;
  memory::destroy(kOwner, &subscriber);
}

bool Hub::subscribe(engine::Session& session, Kind kind, std::string_view name) {
  session.free_left_before_adding(1);
  Topic& topic = topic_for(kind, name);
  Subscriber& subscriber = subscriber_for(session);
  const Pair pair{&topic, &subscriber};
  const std::uint64_t hash = pair.hash();
  if (subscriptions_.find(pair.key(), hash) != nullptr) return false;
  Subscription*& own = subscriber.firsts[static_cast<std::size_t>(kind)];
  auto* const made =
      new (memory::allocate(kOwner, sizeof(Subscription))) Subscription{.topic = &topic,
                                                                        .subscriber = &subscriber,
                                                                        .previous = nullptr,
                                                                        .next = topic.first,
                                                                        .previous_own = nullptr,
                                                                        .next_own = own};
  if (topic.first != nullptr) topic.first->previous = made;
  if (own != nullptr) own->previous_own = made;
  topic.first = own = made;
  ++topic.subscribers;
  subscriber.held_bytes += held_bytes(topic);
  ++subscriber.counts[static_cast<std::size_t>(kind)];
  subscriptions_.insert(made, hash);
  return true;
}

bool Hub::unsubscribe(engine::Session& session, Kind kind, std::string_view name) {
  Subscriber* const subscriber = Subscriber::of(session);
  if (subscriber == nullptr) return false;
  const Topic* topic = table(kind).find(name, base::hash_bytes(name));
  if (topic == nullptr) return false;
  const Pair pair{topic, subscriber};
  Subscription* found = subscriptions_.find(pair.key(), pair.hash());
  if (found == nullptr) return false;
  drop(*found);
  if (subscriber->total() == 0) {
    session.forget(engine::Attached::subscriber);
    subscriber->detach(session);
  }
  return true;
}

// The topic is removed with its last subscription.
void Hub::drop(Subscription& subscription) {
  Topic& topic = *subscription.topic;
  Subscriber& subscriber = *subscription.subscriber;
  const auto kind = static_cast<std::size_t>(topic.kind);
  subscriptions_.erase(&subscription, SubscriptionTraits::hash(subscription));
  (subscription.previous == nullptr ? topic.first : subscription.previous->next) =
      subscription.next;
  if (subscription.next != nullptr) subscription.next->previous = subscription.previous;
  (subscription.previous_own == nullptr ? subscriber.firsts[kind]
                                        : subscription.previous_own->next_own) =
      subscription.next_own;
  if (subscription.next_own != nullptr) {
    subscription.next_own->previous_own = subscription.previous_own;
  }
  --subscriber.counts[kind];
  subscriber.held_bytes -= held_bytes(topic);
  memory::release(kOwner, &subscription, sizeof subscription);
  if (--topic.subscribers > 0) return;
  topics_[kind].erase(&topic, topic.hash);
  memory::release(kOwner, &topic, topic.bytes());
}

std::size_t Hub::deliver(const Topic& topic, Message& message) {
  if (topic.subscribers == 1 && message.bytes() <= kMostCopied) {
    if (topic.first->subscriber->gone) return 0;
    engine::Session& session = topic.first->subscriber->session;
    session.push(message.bytes(), [&message, &session](char* place) {
      message.print(place, session.reply.protocol());
    });
    return 1;
  }
  std::size_t receivers = 0;
  for (const Subscription* s = topic.first; s != nullptr; s = s->next) {
    if (s->subscriber->gone) continue;
    engine::Session& session = s->subscriber->session;
    session.push(message.in(session.reply.protocol()));
    ++receivers;
  }
  return receivers;
}

std::size_t Hub::listeners(const Topic& topic) const {
  if (gone_ == 0) return topic.subscribers;
  std::size_t count = 0;
  for (const Subscription* s = topic.first; s != nullptr; s = s->next) {
    if (!s->subscriber->gone) ++count;
  }
  return count;
}

std::size_t Hub::topics(Kind kind) const {
  if (gone_ == 0) return table(kind).size();
  std::size_t count = 0;
  each_topic(kind, [&count](std::string_view) { ++count; });
  return count;
}

std::size_t Hub::publish(Kind kind, std::string_view channel, std::string_view message) {
  if (!has_subscribers()) return 0;
  std::size_t receivers = 0;
  if (const Topic* topic = table(kind).find(channel, base::hash_bytes(channel))) {
    const std::array<std::string_view, 3> words = {
        kind == Kind::shard ? std::string_view("smessage") : std::string_view("message"), channel,
        message};
    Message text(texts_, words);
    receivers = deliver(*topic, text);
  }
  if (kind == Kind::channel) receivers += publish_to_patterns(channel, message);
  return receivers;
}

std::size_t Hub::publish_to_patterns(std::string_view channel, std::string_view message) {
  std::size_t receivers = 0;
  table(Kind::pattern).for_each([&](const Topic* pattern) {
    if (!base::match_glob(pattern->name(), channel)) return;
    const std::array<std::string_view, 4> words = {"pmessage", pattern->name(), channel, message};
    Message text(texts_, words);
    receivers += deliver(*pattern, text);
  });
  return receivers;
}

std::size_t Hub::subscriptions(const engine::Session& session, Kind kind) {
  const Subscriber* subscriber = Subscriber::of(session);
  return subscriber == nullptr ? 0 : subscriber->count(kind);
}

std::optional<std::string_view> Hub::any(const engine::Session& session, Kind kind) {
  const Subscriber* subscriber = Subscriber::of(session);
  if (subscriber == nullptr || subscriber->count(kind) == 0) return std::nullopt;
  return subscriber->firsts[static_cast<std::size_t>(kind)]->topic->name();
}

std::uint64_t Hub::name_bytes(const engine::Session& session, Kind kind) {
  const Subscriber* subscriber = Subscriber::of(session);
  if (subscriber == nullptr) return 0;
  std::uint64_t bytes = 0;
  const Subscription* own = subscriber->firsts[static_cast<std::size_t>(kind)];
  for (; own != nullptr; own = own->next_own) bytes += own->topic->name().size();
  return bytes;
}

bool Hub::any(const engine::Session& session, Visitor& visitor) const {
  const Subscriber* subscriber = Subscriber::of(session);
  if (subscriber == nullptr) return false;
  for (const Subscription* first : subscriber->firsts) {
    for (const Subscription* own = first; own != nullptr; own = own->next_own) {
      if (visitor.visit(kind_of(*own->topic), own->topic->name())) return true;
    }
  }
  return false;
}

std::size_t Hub::subscribers_of(Kind kind, std::string_view name) const {
  const Topic* topic = table(kind).find(name, base::hash_bytes(name));
  return topic == nullptr ? 0 : listeners(*topic);
}

void Hub::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = subscriptions_.bytes();
  for (const Topics& topics : topics_) {
    bytes += topics.bytes();
    topics.for_each([&bytes](const Topic* topic) {
      bytes += memory::size_class(topic->bytes());
      for (const Subscription* s = topic->first; s != nullptr; s = s->next) {
        bytes += memory::size_class(sizeof *s);
      }
    });
  }
  for (const Subscriber* subscriber = first_; subscriber != nullptr;
       subscriber = subscriber->next) {
    bytes += memory::size_class(sizeof *subscriber);
  }
  audit.found(kOwner, static_cast<std::int64_t>(bytes));
  texts_.report_bytes(audit);
}

}  // namespace larder::pubsub
