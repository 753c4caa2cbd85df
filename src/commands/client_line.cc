#include "larder/commands/client_line.h"

#include <string_view>

#include "larder/engine/command.h"

namespace larder::commands {
namespace {

std::string flags(const engine::Session& session) {
  std::string letters;
  if (session.is_blocked()) letters += 'b';
  if (session.closing == engine::Closing::after_reply) letters += 'c';
  if (session.closing == engine::Closing::now) letters += 'A';
  if (session.peer().is_unix_socket()) letters += 'U';
  if (session.no_evict) letters += 'e';
  if (session.no_touch) letters += 'T';
  return letters.empty() ? "N" : letters;
}

std::string last_command(const engine::Session& session) {
  if (session.last_command == nullptr) return "NULL";
  std::string name(session.last_command->name);
  if (const auto space = name.find(' '); space != std::string::npos) name[space] = '|';
  return name;
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
      .add("sub", std::int64_t{0})
      .add("psub", std::int64_t{0})
      .add("ssub", std::int64_t{0})
      .add("multi", std::int64_t{-1})
      .add("qbuf", held.query)
      .add("qbuf-free", held.query_free)
      .add("argv-mem", held.arguments)
      .add("multi-mem", std::int64_t{0})
      .add("rbs", held.reply_buffer)
      .add("rbp", held.reply_peak)
      .add("obl", held.reply_bytes)
      .add("oll", held.reply_blocks)
      .add("omem", held.reply_blocks == 0 ? std::size_t{0} : held.reply_held)
      .add("tot-mem", held.total)
      .add("events", held.writing ? (held.reading ? "rw" : "w") : "r")
      .add("cmd", last_command(session))
      .add("user", session.account == nullptr ? "default" : session.account->name)
      .add("redir", std::int64_t{-1})
      .add("resp", static_cast<std::int64_t>(session.reply.protocol()))
      .add("lib-name", session.library_name)
      .add("lib-ver", session.library_version);
  return line.take();
}

}  // namespace larder::commands
