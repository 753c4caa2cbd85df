#pragma once

// What a replica says to its primary before the stream begins, and how it understands the answers:
//
//   PING
//   AUTH, REPLCONF listening-port, ip-address, capa     (one after the other, sent at once)
//   PSYNC <id> <offset of the next byte>                (or: PSYNC ? -1)

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "larder/base/log.h"

namespace larder::replication {

// A request in RESP.
std::string print_request(std::initializer_list<std::string_view> words);

class Handshake {
 public:
  // What this server tells of itself.
  struct Identity {
    std::string user;
    std::string password;  // empty: no AUTH
    std::string address;   // empty: the primary takes that of the connection
    int port = 0;
    std::string id;            // of the history that it continues; empty: none
    std::int64_t next = -1;    // the offset of the next byte that it needs
    bool is_failover = false;  // the primary hands its role to it, or takes it from it
  };
  Handshake(base::Log& log, Identity identity) : log_(log), identity_(std::move(identity)) {}

  // What is sent first, when the connection is there.
  std::string greeting() { return print_request({"PING"}); }

  enum class Step : std::uint8_t {
    goes_on,
    failed,     // the reason is in the log
    later,      // the primary cannot serve replicas now
    continues,  // the stream follows
    full_sync,  // a copy of the data follows
  };
  // The next line of the primary, without its end. What must be sent then is in to_send().
  Step take(std::string_view line);
  const std::string& to_send() const { return to_send_; }

  // Of `continues` and `full_sync`: the id of the primary's history (with `continues` it may be
  // empty, if it stays the same), and with `full_sync` the offset of the copy.
  const std::string& id() const { return id_; }
  std::int64_t offset() const { return offset_; }
  // The primary waits for the answer to PSYNC, and may send empty lines until it has one.
  bool waits_for_sync() const { return awaited_ == Awaited::psync; }

 private:
  enum class Awaited : std::uint8_t { pong, auth, port, address, capabilities, psync };

  Step take_pong(std::string_view line);
  Step take_sync(std::string_view line);
  Step take_full_sync(std::string_view rest);
  Step take_continue(std::string_view rest);
  void introduce();
  // After one of the introductions was answered.
  Step await_next();
  void ask_for_sync();

  base::Log& log_;
  const Identity identity_;
  Awaited awaited_ = Awaited::pong;
  std::string to_send_;
  std::string id_;
  std::int64_t offset_ = -1;
};

}  // namespace larder::replication
