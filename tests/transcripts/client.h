#pragma once

// A RESP connection: sends requests, and reads replies as lines of text.

#include <memory>
#include <string>
#include <vector>

#include "larder/resp/reply_reader.h"
#include "match.h"
#include "target.h"

namespace larder::transcripts {

using Lines = std::vector<std::string>;

class Client {
 public:
  // Sends HELLO 3 first if the protocol is RESP3.
  Client(std::unique_ptr<Connection> connection, Protocol protocol);

  void send(const std::vector<std::string>& words);
  void send_raw(std::string_view bytes) { connection_->send(bytes); }

  // The next reply, printed; "(closed)" if the connection was closed, "(none)" if no reply arrived
  // within `wait_ms`, "(broken) ..." if it is not RESP.
  Lines read(int wait_ms);
  // Sends a command and reads one reply, for commands of the runner itself.
  resp::Value ask(const std::vector<std::string>& words);
  // Output that was not requested; empty if there is none.
  std::string unread();

 private:
  bool next(int wait_ms);

  std::unique_ptr<Connection> connection_;
  resp::ReplyReader reader_;
  std::string pending_;
};

}  // namespace larder::transcripts
