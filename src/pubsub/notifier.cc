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
    case 'm':
      return kNotifyMiss;
    case 'n':
      return kNotifyNew;
    default:
      return 0;
  }
}

// Changes that name no key, and those that followers alone must know.
bool is_told(const keyspace::Event& event) {
  return !event.name.empty() && event.name != keyspace::events::kFlush.name &&
         event.name != keyspace::events::kSwap.name;
}

}  // namespace

Notifier::Notifier(Settings& settings, keyspace::Keyspace& keyspace, Hub& hub)
    : settings_(settings), log_(keyspace.log()), hub_(hub) {
  settings_.notify_keyspace_events.watch([this] {
    obey();
    return base::Result<void>();
  });
  obey();
}

Notifier::~Notifier() {
  settings_.notify_keyspace_events.watch({});
  listen(false);
}

void Notifier::listen(bool wanted) {
  if (wanted == listening_) return;
  listening_ = wanted;
  wanted ? log_.listen() : log_.unlisten();
}

// Classes without a form are told in none.
void Notifier::obey() {
  wanted_ = settings_.notify_keyspace_events.value();
  if ((wanted_ & kForms) == 0) wanted_ = 0;
  listen((wanted_ & ~kForms) != 0);
  log_.tell_misses((wanted_ & kNotifyMiss) != 0);
  log_.tell_new_keys((wanted_ & kNotifyNew) != 0);
}

void Notifier::read(std::span<const keyspace::Change> changes) {
  if (!listening_ || !hub_.has_subscribers()) return;
  for (const keyspace::Change& change : changes) {
    if ((class_of(change.event.kind) & wanted_) != 0 && is_told(change.event)) tell(change);
  }
}

void Notifier::tell(const keyspace::Change& change) {
  if ((wanted_ & kNotifyKeyspace) != 0) {
    publish("__keyspace@", change.db, change.key, change.event.name);
  }
  if ((wanted_ & kNotifyKeyevent) != 0) {
    publish("__keyevent@", change.db, change.event.name, change.key);
  }
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
