#include "migration.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "handshake.h"
#include "larder/base/text.h"
#include "larder/persistence/dump_payload.h"
#include "larder/replication/replica.h"

namespace larder::replication {
namespace {

constexpr auto kTicketOwner = memory::Owner::client_input;
// So many bytes of payloads are sent before the first of them is answered.
constexpr std::size_t kMostUnanswered = 1 << 20;
constexpr std::size_t kAnswersAtOnce = 16 * 1024;
constexpr std::size_t kMostAnswer = 64 * 1024;
// A payload ends with its checksum.
constexpr std::size_t kChecksumBytes = 8;

std::string checksum_of(const std::string& payload) {
  return payload.substr(payload.size() - std::min(payload.size(), kChecksumBytes));
}

}  // namespace

class Migration::Ticket final : public SessionPart {
 public:
  Ticket(Migration& migration, engine::Session& session_)
      : session(session_), command(session_.last_command), migration_(migration) {}
  void detach(engine::Session&) override {
    migration_.ticket_ = nullptr;
    Ticket* const self = this;
    memory::destroy(kTicketOwner, self);
  }
  std::size_t bytes() const override { return memory::size_class(sizeof(Ticket)); }

  engine::Session& session;
  const engine::Command* const command;

 private:
  Migration& migration_;
};

Migration::Migration(Migrations& home, engine::Session& session, MigrationOrder order)
    : home_(home),
      order_(std::move(order)),
      from_db_(session.db),
      ticket_(memory::make<Ticket>(kTicketOwner, *this, session)),
      last_progress_ms_(home.parts_.clock.steady_ms()) {
  session.attach(engine::Attached::replica, *ticket_);
  home_.parts_.held_keys.hold(order_.keys);
  wire_ = home_.dialer_->dial({.host = order_.host,
                               .port = order_.port,
                               .source = home_.place_->source(),
                               .tls = home_.place_->uses_tls()},
                              *this);
}

Migration::~Migration() {
  if (ticket_ == nullptr) return;
  ticket_->session.forget(engine::Attached::replica);
  memory::destroy(kTicketOwner, ticket_);
}

std::size_t Migration::bytes() const { return ticket_ == nullptr ? 0 : ticket_->bytes(); }

bool Migration::is_late(std::int64_t now_ms) const {
  return now_ms - last_progress_ms_ >= order_.timeout_ms;
}

void Migration::on_connected() {
  is_open_ = true;
  last_progress_ms_ = home_.parts_.clock.steady_ms();
  if (!order_.password.empty()) {
    wire_->send(order_.user.empty() ? print_request({"AUTH", order_.password})
                                    : print_request({"AUTH", order_.user, order_.password}));
    awaited_.push_back({Awaited::Kind::auth});
  }
  if (order_.to_db != 0) {
    wire_->send(print_request({"SELECT", std::to_string(order_.to_db)}));
    awaited_.push_back({Awaited::Kind::select});
  }
  send_more();
}

void Migration::on_failed(std::string_view) { give_up(); }

void Migration::give_up() {
  if (is_over_) return;
  note_error(is_open_ ? "IOERR error or timeout reading from target instance"
                      : "IOERR error or timeout connecting to the client");
  finish();
}

void Migration::send_more() {
  while (next_ < order_.keys.size() && unanswered_bytes_ < kMostUnanswered) send_key(next_++);
  if (awaited_.empty()) finish();
}

// Without its name in the database the key has gone since the command began.
std::string Migration::payload_of(const std::string& key, std::int64_t* ttl_ms) const {
  keyspace::Database& db = home_.parts_.keyspace.db(static_cast<std::size_t>(from_db_));
  const keyspace::Entry* const entry = db.look(keyspace::Key::of(key), keyspace::Look::untouched);
  if (entry == nullptr) return {};
  const auto compression = home_.parts_.settings.rdbcompression.value()
                               ? persistence::Compression::on
                               : persistence::Compression::off;
  persistence::Bytes bytes;
  persistence::write_payload(*entry, db.now_ms(), compression, bytes);
  if (ttl_ms != nullptr) {
    *ttl_ms =
        entry->has_deadline() ? std::max<std::int64_t>(entry->deadline_ms() - db.now_ms(), 1) : 0;
  }
  return {bytes.data(), bytes.size()};
}

void Migration::send_key(std::size_t index) {
  const std::string& key = order_.keys[index];
  std::int64_t ttl_ms = 0;
  const std::string payload = payload_of(key, &ttl_ms);
  if (payload.empty()) return;
  const std::string ttl = std::to_string(ttl_ms);
  const std::string request = order_.replaces
                                  ? print_request({"RESTORE", key, ttl, payload, "REPLACE"})
                                  : print_request({"RESTORE", key, ttl, payload});
  unanswered_bytes_ += request.size();
  awaited_.push_back({Awaited::Kind::restore, index, checksum_of(payload), request.size()});
  wire_->send(request);
}

void Migration::on_readable() {
  const std::size_t before = input_.size();
  input_.resize(before + kAnswersAtOnce);
  const std::ptrdiff_t got = wire_->receive({input_.data() + before, kAnswersAtOnce});
  input_.resize(before + static_cast<std::size_t>(std::max<std::ptrdiff_t>(got, 0)));
  if (got < 0 || input_.size() > kMostAnswer) return give_up();
  if (got > 0) last_progress_ms_ = home_.parts_.clock.steady_ms();
  for (std::size_t end; !is_over_ && (end = input_.find("\r\n")) != std::string::npos;) {
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 2);
    take_line(line);
  }
  if (!is_over_) send_more();
}

void Migration::take_line(std::string_view line) {
  if (awaited_.empty()) return give_up();
  const Awaited answered = std::move(awaited_.front());
  awaited_.pop_front();
  if (answered.kind == Awaited::Kind::restore) return take_restored(answered, line);
  if (!line.starts_with('-')) return;
  note_error("ERR Target instance replied with error: " + std::string(line.substr(1)));
  finish();
}

void Migration::take_restored(const Awaited& answered, std::string_view line) {
  unanswered_bytes_ -= answered.request_bytes;
  if (line.starts_with('-')) {
    return note_error("ERR Target instance replied with error: " + std::string(line.substr(1)));
  }
  if (order_.copies) return;
  const std::string& key = order_.keys[answered.key];
  const std::string now = payload_of(key);
  if (now.empty()) return;
  if (checksum_of(now) == answered.checksum) {
    arrived_.push_back(key);
    remove_arrived();
  } else {
    note_error("ERR Key '" + key.substr(0, 128) +
               "' has changed during its migration and was kept. The target has its former value");
  }
}

// Followers get the same DEL.
void Migration::remove_arrived() {
  engine::InternalSession& own = home_.session_;
  own.session().db = from_db_;
  const std::vector<std::string> keys = std::exchange(arrived_, {});
  std::vector<std::string_view> words{"DEL"};
  words.insert(words.end(), keys.begin(), keys.end());
  const resp::Request request{words, 0};
  constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();
  home_.parts_.executor.run(own.session(), {&request, 1}, kNoBound);
  own.output().clear();
}

// The first one is the client's.
void Migration::note_error(std::string text) {
  if (error_.empty()) error_ = std::move(text);
}

void Migration::finish() {
  if (is_over_) return;
  is_over_ = true;
  wire_.reset();
  if (ticket_ != nullptr) reply();
  home_.parts_.held_keys.release(order_.keys);
  home_.forget(*this);
}

// CLIENT UNBLOCK may have ended the wait: then the client has its reply.
void Migration::reply() {
  engine::Session& session = ticket_->session;
  const bool waits = session.is_blocked() && session.last_command == ticket_->command;
  session.forget(engine::Attached::replica);
  memory::destroy(kTicketOwner, std::exchange(ticket_, nullptr));
  if (!waits) return;
  home_.parts_.waiters.forget(session);
  error_.empty() ? session.reply.ok() : session.reply.error(error_);
  if (session.reply_mode != engine::ReplyMode::on) session.advance_reply_mode();
  session.peer().unblocked();
}

}  // namespace larder::replication
