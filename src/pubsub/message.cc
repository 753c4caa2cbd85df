#include "message.h"

#include <algorithm>
#include <charconv>

namespace larder::pubsub {
namespace {

constexpr std::size_t kHeaderRoom = 24;

std::size_t digits(std::size_t number) {
  std::size_t count = 1;
  for (; number >= 10; number /= 10) ++count;
  return count;
}

char* print_header(char* out, char kind, std::size_t number) {
  *out++ = kind;
  out = std::to_chars(out, out + kHeaderRoom, number).ptr;
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

std::size_t header_bytes(std::size_t number) { return 3 + digits(number); }

}  // namespace

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
  for (const std::string_view word : words_) bytes += header_bytes(word.size()) + word.size() + 2;
  resp::SharedText& text = texts_.make(bytes);
  char* out = print_header(text.bytes(), kind, words_.size());
  for (const std::string_view word : words_) {
    out = print_header(out, '$', word.size());
    out = std::copy(word.begin(), word.end(), out);
    *out++ = '\r';
    *out++ = '\n';
  }
  return text;
}

}  // namespace larder::pubsub
