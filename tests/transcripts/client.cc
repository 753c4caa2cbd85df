#include "client.h"

#include <stdexcept>
#include <utility>

#include "larder/base/text.h"
#include "words.h"

namespace larder::transcripts {

namespace {

constexpr int kPatienceMs = 20'000;

Lines split_lines(const std::string& text) {
  Lines lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    lines.push_back(text.substr(start, end - start));
    start = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

}  // namespace

Client::Client(std::unique_ptr<Connection> connection, Protocol protocol)
    : connection_(std::move(connection)) {
  if (protocol == Protocol::resp2) return;
  const resp::Value greeting = ask({"HELLO", "3"});
  if (greeting.is_error()) throw std::runtime_error("HELLO 3 is refused: " + greeting.text);
}

void Client::send(const std::vector<std::string>& words) {
  connection_->send(encode_request(words));
}

// Feeds the reader until it is done, has failed, or no more bytes arrive. True when it is done.
bool Client::next(int wait_ms) {
  while (true) {
    if (pending_.empty()) pending_ = connection_->receive(wait_ms);
    if (pending_.empty()) return false;
    const std::size_t taken = reader_.feed(pending_);
    pending_.erase(0, taken);
    if (reader_.status() == resp::ReplyReader::Status::done) return true;
    if (reader_.status() == resp::ReplyReader::Status::failed) return false;
  }
}

Lines Client::read(int wait_ms) {
  if (next(wait_ms)) return split_lines(resp::print(reader_.take()));
  if (reader_.status() == resp::ReplyReader::Status::failed) {
    return {"(broken) " + std::string(reader_.error())};
  }
  return {connection_->is_closed() ? "(closed)" : "(none)"};
}

resp::Value Client::ask(const std::vector<std::string>& words) {
  send(words);
  if (!next(kPatienceMs)) throw std::runtime_error("no reply to " + words[0]);
  return reader_.take();
}

std::string Client::unread() {
  if (pending_.empty()) pending_ = connection_->receive(0);
  return pending_.empty() ? std::string() : base::quoted(pending_);
}

}  // namespace larder::transcripts
