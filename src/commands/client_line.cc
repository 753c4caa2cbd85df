#include "larder/commands/client_line.h"

#include <string_view>

#include "larder/engine/command.h"
#include "larder/engine/transaction.h"
#include "larder/engine/watch_set.h"
#include "larder/pubsub/hub.h"
#include "larder/pubsub/tracking.h"

namespace larder::commands {
namespace {

std::string tracking_flags(const engine::Session& session) {
  const pubsub::Tracker* tracker = pubsub::Tracking::of(session);
  if (tracker == nullptr) return {};
  return std::string("t") + (tracker->broken ? "R" : "") + (tracker->mode.broadcast ? "B" : "");
}

// The session that gets the invalidations instead: 0 none, -1 if the session does not track.
std::int64_t redirection(const engine::Session& session) {
  const pubsub::Tracker* tracker = pubsub::Tracking::of(session);
  return tracker == nullptr ? -1 : static_cast<std::int64_t>(tracker->mode.redirect);
}

std::string flags(const engine::Session& session) {
  std::string letters;
  if (session.peer().is_primary()) letters += 'M';
  if (session.is_replica) letters += 'S';
  if (session.attachment(engine::Attached::monitor) != nullptr) letters += 'O';
  if (session.is_subscribed()) letters += 'P';
  if (engine::Transaction::of(session) != nullptr) letters += 'x';
  if (session.is_blocked() || session.is_held()) letters += 'b';
  if (session.is_working()) letters += 'l';
  letters += tracking_flags(session);
  if (engine::WatchSet::is_dirty(session)) letters += 'd';
  if (session.closing == engine::Closing::after_reply) letters += 'c';
  if (session.closing == engine::Closing::now) letters += 'A';
  if (session.peer().is_unix_socket()) letters += 'U';
  if (session.no_evict) letters += 'e';
  if (session.no_touch) letters += 'T';
  return letters.empty() ? "N" : letters;
}

// The events that the connection waits for: none if it is held back and has nothing to send.
std::string_view events(const engine::Peer::Buffers& held) {
  if (held.reading) return held.writing ? "rw" : "r";
  return held.writing ? "w" : "";
}

std::int64_t subscriptions(const engine::Session& session, pubsub::Kind kind) {
  return static_cast<std::int64_t>(pubsub::Hub::subscriptions(session, kind));
}

// Commands in the queue, -1 outside of a transaction.
std::int64_t queued(const engine::Session& session) {
  const engine::Transaction* transaction = engine::Transaction::of(session);
  return transaction == nullptr ? -1 : static_cast<std::int64_t>(transaction->size());
}

std::size_t queue_bytes(const engine::Session& session) {
  const engine::Transaction* transaction = engine::Transaction::of(session);
  return transaction == nullptr ? 0 : transaction->bytes();
}

// Collects " name=value" pairs.
class Line {
 public:
  Line& add(std::string_view name, std::string_view value) {
    if (!text_.empty()) text_ += ' ';
    text_ += name;
    text_ += '=';
    text_ += value;
    return *this;
  }
  Line& add(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }
  Line& add(std::string_view name, std::size_t value) { return add(name, std::to_string(value)); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

std::string last_command(const engine::Session& session) {
  if (session.last_command == nullptr) return "NULL";
  std::string name(session.last_command->name);
  if (const auto space = name.find(' '); space != std::string::npos) name[space] = '|';
  return name;
}

namespace {

// The primary has no user: it may do everything.
std::string_view user_of(const engine::Session& session) {
  if (session.peer().is_primary()) return "(superuser)";
  return session.account == nullptr ? "default" : session.account->name;
}

}  // namespace

std::string client_line(const engine::Session& session, const base::Clock& clock) {
  const engine::Peer::Buffers held = session.peer().buffers();
  Line line;
  line.add("id", session.id)
      .add("addr", session.peer().address())
      .add("laddr", session.peer().local_address())
      .add("fd", std::int64_t{session.peer().descriptor()})
      .add("name", session.name)
      .add("age", (clock.steady_ms() - session.created_ms) / 1000)
      .add("idle", (clock.steady_ms() - session.last_active_ms) / 1000)
      .add("flags", flags(session))
      .add("db", std::int64_t{session.db})
      .add("sub", subscriptions(session, pubsub::Kind::channel))
      .add("psub", subscriptions(session, pubsub::Kind::pattern))
      .add("ssub", subscriptions(session, pubsub::Kind::shard))
      .add("multi", queued(session))
      .add("watch", engine::WatchSet::watched_by(session))
      .add("qbuf", held.query)
      .add("qbuf-free", held.query_free)
      .add("argv-mem", held.arguments)
      .add("multi-mem", queue_bytes(session))
      .add("rbs", held.reply_buffer)
      .add("rbp", held.reply_peak)
      .add("obl", held.reply_bytes)
      .add("oll", held.reply_blocks)
      .add("omem", held.reply_held)
      .add("tot-mem", held.total)
      .add("events", events(held))
      .add("cmd", last_command(session))
      .add("user", user_of(session))
      .add("redir", redirection(session))
      .add("resp", static_cast<std::int64_t>(session.reply.protocol()))
      .add("lib-name", session.library_name)
      .add("lib-ver", session.library_version);
  return line.take();
}

}  // namespace larder::commands
