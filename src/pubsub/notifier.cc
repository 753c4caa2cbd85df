#include "larder/pubsub/notifier.h"

namespace larder::pubsub {
namespace {

constexpr std::uint32_t kForms = kNotifyKeyspace | kNotifyKeyevent;

std::uint32_t class_of(char kind) {
  switch (kind) {
    case 'g':
      return kNotifyGeneric;
    case '$':
      return kNotifyString;
    case 'l':
      return kNotifyList;
    case 's':
      return kNotifySet;
    case 'h':
      return kNotifyHash;
    case 'z':
      return kNotifySortedSet;
    case 'x':
      return kNotifyExpired;
    case 'e':
      return kNotifyEvicted;
    case 't':
      return kNotifyStream;
    case 'n':
      return kNotifyNew;
    default:
      return 0;
  }
}

}  // namespace

Notifier::Notifier(Settings& settings, keyspace::Keyspace& keyspace, engine::Executor& executor,
                   Hub& hub)
    : settings_(settings), keyspace_(keyspace), executor_(executor), hub_(hub) {
  settings_.notify_keyspace_events.watch([this] {
    obey();
    return base::Result<void>();
  });
  obey();
}

Notifier::~Notifier() {
  settings_.notify_keyspace_events.watch({});
  hear_misses(false);
  listen(false);
}

void Notifier::listen(bool wanted) {
  if (wanted == listening_) return;
  listening_ = wanted;
  wanted ? keyspace_.log().listen() : keyspace_.log().unlisten();
}

void Notifier::hear_misses(bool wanted) {
  if (wanted == hears_misses_) return;
  hears_misses_ = wanted;
  keyspace_.tell_misses(wanted ? this : nullptr);
  auto& sink = static_cast<engine::CommandSink&>(*this);
  wanted ? executor_.add(sink) : executor_.remove(sink);
}

// Classes without a form are told in none.
void Notifier::obey() {
  wanted_ = settings_.notify_keyspace_events.value();
  if ((wanted_ & kForms) == 0) wanted_ = 0;
  listen((wanted_ & ~kForms) != 0);
  hear_misses((wanted_ & kNotifyMiss) != 0);
  keyspace_.log().tell_new_keys((wanted_ & kNotifyNew) != 0);
}

void Notifier::read(std::span<const keyspace::Change> changes) {
  if (!listening_ || !hub_.has_subscribers()) return end_misses();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    tell_misses_before(i + 1);
    const keyspace::Change& change = changes[i];
    const keyspace::EventRow& event = keyspace::row(change.event);
    if ((class_of(event.letter) & wanted_) != 0) tell(change.db, change.key, event.name);
  }
  tell_misses_before(changes.size() + 1);
  end_misses();
}

void Notifier::missed(int db, std::string_view key) {
  if (!hub_.has_subscribers()) return;
  misses_.push_back({db, std::string(key), keyspace_.log().entries().size()});
}

void Notifier::over(engine::Session&, const engine::BoundCommand*, resp::Args) {
  tell_misses_before(1);
  end_misses();
}

void Notifier::tell_misses_before(std::size_t changes) {
  for (; misses_told_ < misses_.size(); ++misses_told_) {
    const Miss& miss = misses_[misses_told_];
    if (miss.changes_before >= changes) return;
    tell(miss.db, miss.key, "keymiss");
  }
}

void Notifier::end_misses() {
  constexpr std::size_t kKept = 1024;
  misses_told_ = 0;
  misses_.clear();
  if (misses_.capacity() > kKept) std::vector<Miss>().swap(misses_);
}

void Notifier::tell(int db, std::string_view key, std::string_view event) {
  if ((wanted_ & kNotifyKeyspace) != 0) publish("__keyspace@", db, key, event);
  if ((wanted_ & kNotifyKeyevent) != 0) publish("__keyevent@", db, event, key);
}

void Notifier::publish(std::string_view place, int db, std::string_view subject,
                       std::string_view message) {
  channel_ = place;
  channel_ += std::to_string(db);
  channel_ += "__:";
  channel_ += subject;
  hub_.publish(Kind::channel, channel_, message);
}

}  // namespace larder::pubsub
