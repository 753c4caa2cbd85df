#include "larder/replication/feed.h"

#include <algorithm>
#include <array>
#include <string>

#include "larder/base/assert.h"
#include "larder/resp/request_text.h"

namespace larder::replication {
namespace {

// Of a large request, so that what the backlog does not keep is dropped on the way.
constexpr std::size_t kMostAtOnce = 1 << 20;

}  // namespace

void Feed::begin_to_take() {
  executor_ == nullptr ? effects_.add(*this) : executor_->follow(*this);
}

void Feed::stop_taking() {
  executor_ == nullptr ? effects_.remove(*this) : executor_->unfollow(*this);
}

void Feed::take_from(Source source) {
  if (source == Source::own_effects) awaits_primary_ = false;
  if (source_ == source) return;
  source_ = source;
  if (is_open_) source == Source::primary ? stop_taking() : begin_to_take();
}

void Feed::open() {
  if (is_open_) return;
  is_open_ = true;
  backlog_.clear(history_.offset() + 1);
  if (source_ == Source::own_effects) begin_to_take();
}

void Feed::open_for_primary() {
  if (is_open_) return;
  open();
  awaits_primary_ = true;
}

void Feed::close() {
  awaits_primary_ = false;
  if (!is_open_) return;
  if (source_ == Source::own_effects) stop_taking();
  is_open_ = asks_ = false;
  db_ = kUnknown;
  backlog_.clear(history_.offset() + 1);
}

void Feed::restart() {
  db_ = kUnknown;
  effects_.stream_end(history_.offset());
  backlog_.clear(history_.offset() + 1);
  if (listener_ != nullptr) listener_->stream_restarted();
}

void Feed::append(std::string_view bytes) {
  backlog_.append(bytes);
  history_.advance(bytes.size());
  effects_.stream_end(history_.offset());
  has_grown_ = true;
}

void Feed::take(const engine::Effect& effect) {
  if (db_ != effect.db) {
    db_ = effect.db;
    const std::string number = std::to_string(db_);
    const std::array<std::string_view, 2> words{"SELECT", number};
    std::array<char, 256> text;
    LARDER_ASSERT(resp::most_request_bytes(words) <= text.size());
    append({text.data(), resp::print_request(text.data(), words)});
  }
  append(effect.request);
}

void Feed::forward(std::string_view bytes) {
  LARDER_ASSERT(is_open_);
  while (!bytes.empty()) {
    append(bytes.substr(0, kMostAtOnce));
    bytes.remove_prefix(std::min(bytes.size(), kMostAtOnce));
    flush();
  }
}

void Feed::add(std::string_view request) {
  if (!is_open_) return;
  append(request);
  flush();
}

void Feed::flush() {
  if (__builtin_expect(asks_, 0)) {
    asks_ = false;
    append("*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
  }
  if (!has_grown_) return;
  has_grown_ = false;
  if (listener_ != nullptr) listener_->stream_grew();
}

}  // namespace larder::replication
