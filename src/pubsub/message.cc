#include "message.h"

#include "wire_words.h"

namespace larder::pubsub {

Message::~Message() {
  for (resp::SharedText* text : written_) {
    if (text != nullptr) text->release();
  }
}

resp::SharedText& Message::in(resp::Protocol protocol) {
  const bool pushes = protocol == resp::Protocol::resp3;
  resp::SharedText*& text = written_[pushes ? 1 : 0];
  if (text == nullptr) text = &write(pushes ? '>' : '*');
  return *text;
}

resp::SharedText& Message::write(char kind) {
  std::size_t bytes = header_bytes(words_.size());
  for (const std::string_view word : words_) bytes += word_bytes(word.size());
  resp::SharedText& text = texts_.make(bytes);
  char* out = print_header(text.bytes(), kind, words_.size());
  for (const std::string_view word : words_) out = print_word(out, word);
  return text;
}

}  // namespace larder::pubsub
