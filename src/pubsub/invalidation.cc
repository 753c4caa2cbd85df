#include "invalidation.h"

#include <algorithm>

#include "wire_words.h"

namespace larder::pubsub {
namespace {

constexpr std::string_view kPush = ">2\r\n$10\r\ninvalidate\r\n";
constexpr std::string_view kMessage = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n";

char* copy(char* out, std::string_view text) { return std::copy(text.begin(), text.end(), out); }

}  // namespace

Invalidation::~Invalidation() {
  for (resp::SharedText* text : written_) {
    if (text != nullptr) text->release();
  }
}

resp::SharedText& Invalidation::in(resp::Protocol protocol) {
  resp::SharedText*& text = written_[protocol == resp::Protocol::resp3 ? 1 : 0];
  if (text == nullptr) text = &write(protocol);
  return *text;
}

resp::SharedText& Invalidation::write(resp::Protocol protocol) {
  const bool pushes = protocol == resp::Protocol::resp3;
  const std::string_view head = pushes ? kPush : kMessage;
  const std::string_view all = pushes ? "_\r\n" : "$-1\r\n";
  std::size_t bytes = head.size() + (keys_.empty() ? all.size() : header_bytes(keys_.size()));
  for (const std::string_view key : keys_) bytes += word_bytes(key.size());
  resp::SharedText& text = texts_.make(bytes);
  char* out = copy(text.bytes(), head);
  out = keys_.empty() ? copy(out, all) : print_header(out, '*', keys_.size());
  for (const std::string_view key : keys_) out = print_word(out, key);
  return text;
}

}  // namespace larder::pubsub
