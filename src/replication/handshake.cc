#include "handshake.h"

#include <algorithm>

#include "larder/base/numbers.h"
#include "larder/resp/request_text.h"

namespace larder::replication {
namespace {

constexpr std::size_t kIdChars = 40;

bool is_error(std::string_view line) { return line.starts_with('-'); }

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

}  // namespace

std::string print_request(std::initializer_list<std::string_view> words) {
  const resp::Args args(words.begin(), words.size());
  std::string text(resp::most_request_bytes(args), '\0');
  text.resize(static_cast<std::size_t>(resp::print_request(text.data(), args) - text.data()));
  return text;
}

Handshake::Step Handshake::take(std::string_view line) {
  to_send_.clear();
  switch (awaited_) {
    case Awaited::pong:
      return take_pong(line);
    case Awaited::auth:
      if (!is_error(line)) return await_next();
      log_.warning("Unable to AUTH to MASTER: " + std::string(line));
      return Step::failed;
    case Awaited::port:
    case Awaited::address:
    case Awaited::capabilities:
      if (is_error(line)) {
        const char* const option = awaited_ == Awaited::port      ? "listening-port"
                                   : awaited_ == Awaited::address ? "ip-address"
                                                                  : "capa";
        log_.notice(std::string("(Non critical) Master does not understand REPLCONF ") + option +
                    ": " + std::string(line));
      }
      return await_next();
    case Awaited::psync:
      break;
  }
  return take_sync(line);
}

// A primary that wants a password, or permits little without one, says so here already.
Handshake::Step Handshake::take_pong(std::string_view line) {
  const bool is_good = !is_error(line) || line.starts_with("-NOAUTH") ||
                       line.starts_with("-NOPERM") ||
                       line.starts_with("-ERR operation not permitted");
  if (!is_good) {
    log_.warning("Error reply to PING from master: '" + std::string(line) + "'");
    return Step::failed;
  }
  log_.notice("Master replied to PING, replication can continue...");
  introduce();
  awaited_ = identity_.password.empty() ? Awaited::port : Awaited::auth;
  return Step::goes_on;
}

void Handshake::introduce() {
  if (!identity_.password.empty()) {
    to_send_ += identity_.user.empty()
                    ? print_request({"AUTH", identity_.password})
                    : print_request({"AUTH", identity_.user, identity_.password});
  }
  to_send_ += print_request({"REPLCONF", "listening-port", std::to_string(identity_.port)});
  if (!identity_.address.empty()) {
    to_send_ += print_request({"REPLCONF", "ip-address", identity_.address});
  }
  to_send_ +=
      print_request({"REPLCONF", "capa", "eof", "capa", "psync2", "capa", "field-deadlines"});
}

Handshake::Step Handshake::await_next() {
  switch (awaited_) {
    case Awaited::auth:
      awaited_ = Awaited::port;
      break;
    case Awaited::port:
      awaited_ = identity_.address.empty() ? Awaited::capabilities : Awaited::address;
      break;
    case Awaited::address:
      awaited_ = Awaited::capabilities;
      break;
    default:
      ask_for_sync();
  }
  return Step::goes_on;
}

void Handshake::ask_for_sync() {
  awaited_ = Awaited::psync;
  if (identity_.id.empty()) {
    log_.notice("Partial resynchronization not possible (no cached master)");
    to_send_ = print_request({"PSYNC", "?", "-1"});
    return;
  }
  const std::string next = std::to_string(identity_.next);
  log_.notice("Trying a partial resynchronization (request " + identity_.id + ":" + next + ").");
  to_send_ = identity_.is_failover ? print_request({"PSYNC", identity_.id, next, "FAILOVER"})
                                   : print_request({"PSYNC", identity_.id, next});
}

Handshake::Step Handshake::take_sync(std::string_view line) {
  if (line.empty()) return Step::goes_on;
  if (line.starts_with("+FULLRESYNC")) return take_full_sync(line.substr(11));
  if (line.starts_with("+CONTINUE")) return take_continue(line.substr(9));
  if (line.starts_with("-NOMASTERLINK") || line.starts_with("-LOADING")) {
    log_.notice("Master is currently unable to PSYNC but should be in the future: " +
                std::string(line));
    return Step::later;
  }
  if (is_error(line)) {
    log_.notice("Master does not support PSYNC or is in error state (reply: " + std::string(line) +
                ")");
    log_.warning("MASTER aborted replication with an error: " + std::string(line.substr(1)));
  } else {
    log_.warning("Unexpected reply to PSYNC from master: " + std::string(line));
  }
  return Step::failed;
}

Handshake::Step Handshake::take_full_sync(std::string_view rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view id = first_word(rest);
  const std::string_view number = rest.substr(std::min(id.size() + 1, rest.size()));
  const auto offset = base::parse_int64(number);
  if (id.size() != kIdChars || !offset || *offset < 0) {
    log_.warning("Master replied with wrong +FULLRESYNC syntax.");
    return Step::failed;
  }
  id_ = id;
  offset_ = *offset;
  log_.notice("Full resync from master: " + id_ + ":" + std::to_string(offset_));
  return Step::full_sync;
}

Handshake::Step Handshake::take_continue(std::string_view rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  const std::string_view id = first_word(rest);
  if (id.size() == kIdChars) id_ = id;
  log_.notice("Successful partial resynchronization with master.");
  return Step::continues;
}

}  // namespace larder::replication
