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
  // Says HELLO 3 first where that is the protocol.
  Client(std::unique_ptr<Connection> connection, Protocol protocol);

  void send(const std::vector<std::string>& words);
  void send_raw(std::string_view bytes) { connection_->send(bytes); }

  // The next reply, printed; "(closed)" when the connection ended, "(none)" when nothing came
  // within `wait_ms`, "(broken) ..." when it is no RESP.
  Lines read(int wait_ms);
  // Sends and reads one reply, for the runner's own questions.
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
