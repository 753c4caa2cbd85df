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
    apply_settings();
    return base::Result<void>();
  });
  apply_settings();
}

Notifier::~Notifier() {
  settings_.notify_keyspace_events.watch({});
  subscribe_to_misses(false);
  listen(false);
}

void Notifier::listen(bool wanted) {
  if (wanted == listening_) return;
  listening_ = wanted;
  wanted ? keyspace_.log().listen() : keyspace_.log().unlisten();
}

void Notifier::subscribe_to_misses(bool wanted) {
  if (wanted == misses_wanted_) return;
  misses_wanted_ = wanted;
  keyspace_.set_miss_sink(wanted ? this : nullptr);
  auto& sink = static_cast<engine::CommandSink&>(*this);
  wanted ? executor_.add(sink) : executor_.remove(sink);
}

// Classes without a form are not published.
void Notifier::apply_settings() {
  wanted_ = settings_.notify_keyspace_events.value();
  if ((wanted_ & kForms) == 0) wanted_ = 0;
  listen((wanted_ & ~kForms) != 0);
  subscribe_to_misses((wanted_ & kNotifyMiss) != 0);
  keyspace_.log().set_new_keys_wanted((wanted_ & kNotifyNew) != 0);
}

void Notifier::read(std::span<const keyspace::Change> changes) {
  if (!listening_ || !hub_.has_subscribers()) return end_misses();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    report_misses_before(i + 1);
    const keyspace::Change& change = changes[i];
    const keyspace::EventRow& event = keyspace::row(change.event);
    if ((class_of(event.letter) & wanted_) != 0) publish_event(change.db, change.key, event.name);
  }
  report_misses_before(changes.size() + 1);
  end_misses();
}

void Notifier::missed(int db, std::string_view key) {
  if (!hub_.has_subscribers()) return;
  misses_.push_back({db, std::string(key), keyspace_.log().entries().size()});
}

void Notifier::over(engine::Session&, const engine::BoundCommand*, resp::Args) {
  report_misses_before(1);
  end_misses();
}

void Notifier::report_misses_before(std::size_t changes) {
  for (; misses_reported_ < misses_.size(); ++misses_reported_) {
    const Miss& miss = misses_[misses_reported_];
    if (miss.changes_before >= changes) return;
    publish_event(miss.db, miss.key, "keymiss");
  }
}

void Notifier::end_misses() {
  constexpr std::size_t kKept = 1024;
  misses_reported_ = 0;
  misses_.clear();
  if (misses_.capacity() > kKept) std::vector<Miss>().swap(misses_);
}

void Notifier::publish_event(int db, std::string_view key, std::string_view event) {
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
