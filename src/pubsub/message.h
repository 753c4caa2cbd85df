#pragma once

// A message on its way out: its words, and the texts made of them, one for each protocol that a
// receiver speaks.

#include <array>
#include <span>
#include <string_view>

#include "larder/resp/shared_text.h"
#include "larder/resp/writer.h"

namespace larder::pubsub {

class Message {
 public:
  // The words must outlive the message.
  Message(resp::SharedTexts& texts, std::span<const std::string_view> words)
      : texts_(texts), words_(words) {}
  ~Message();
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  // An array of the words, or for RESP3 a push. Written when first asked for.
  resp::SharedText& in(resp::Protocol protocol);

 private:
  resp::SharedText& write(char kind);

  resp::SharedTexts& texts_;
  std::span<const std::string_view> words_;
  std::array<resp::SharedText*, 2> written_{};
};

}  // namespace larder::pubsub
