#pragma once

// A message to be sent: its words, and the texts of it that receivers share, one for each protocol.

#include <array>
#include <span>
#include <string_view>

#include "larder/resp/shared_text.h"
#include "larder/resp/writer.h"

namespace larder::pubsub {

class Message {
 public:
  // The words must outlive the message.
  Message(resp::SharedTexts& texts, std::span<const std::string_view> words);
  ~Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  // An array of the words, or for RESP3 a push. Written at the first call.
  resp::SharedText& in(resp::Protocol protocol);
  // The same, written to a buffer of bytes() bytes.
  void print(char* out, resp::Protocol protocol) const;
  std::size_t bytes() const { return bytes_; }

 private:
  resp::SharedTexts& texts_;
  std::span<const std::string_view> words_;
  std::size_t bytes_;
  std::array<resp::SharedText*, 2> written_{};
};

}  // namespace larder::pubsub
