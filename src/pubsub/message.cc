#include "message.h"

#include "wire_words.h"

namespace larder::pubsub {

Message::Message(resp::SharedTexts& texts, std::span<const std::string_view> words)
    : texts_(texts), words_(words), bytes_(header_bytes(words.size())) {
  for (const std::string_view word : words_) bytes_ += word_bytes(word.size());
}

Message::~Message() {
  for (resp::SharedText* text : written_) {
    if (text != nullptr) text->release();
  }
}

resp::SharedText& Message::in(resp::Protocol protocol) {
  resp::SharedText*& text = written_[protocol == resp::Protocol::resp3 ? 1 : 0];
  if (text == nullptr) {
    text = &texts_.make(bytes_);
    print(text->bytes(), protocol);
  }
  return *text;
}

void Message::print(char* out, resp::Protocol protocol) const {
  out = print_header(out, protocol == resp::Protocol::resp3 ? '>' : '*', words_.size());
  for (const std::string_view word : words_) out = print_word(out, word);
}

}  // namespace larder::pubsub
