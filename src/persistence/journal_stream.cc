#include "journal_stream.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "larder/resp/request_text.h"

namespace larder::persistence {

void JournalStream::append(std::string_view bytes) {
  end_ += bytes.size();
  if (waiting_.empty() && bytes.size() <= ring_.room()) return ring_.append(bytes);
  if (waiting_.empty()) {
    const std::size_t fits = ring_.room();
    ring_.append(bytes.substr(0, fits));
    bytes.remove_prefix(fits);
  }
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
}

void JournalStream::add(const engine::Effect& effect) {
  if (effect.db != db_) {
    db_ = effect.db;
    const std::string number = std::to_string(db_);
    const std::string_view words[] = {"SELECT", number};
    std::string select(resp::most_request_bytes(words), '\0');
    select.resize(
        static_cast<std::size_t>(resp::print_request(select.data(), words) - select.data()));
    append(select);
  }
  append(effect.request);
  effects_.store(effects() + 1, std::memory_order_relaxed);
}

void JournalStream::add_time(std::int64_t unix_s) {
  if (unix_s == time_s_) return;
  time_s_ = unix_s;
  append("#TS:" + std::to_string(unix_s) + "\r\n");
}

void JournalStream::move_waiting() {
  const std::size_t size = std::min(waiting_.size() - moved_, ring_.room());
  ring_.append({waiting_.data() + moved_, size});
  moved_ += size;
  if (moved_ < waiting_.size()) return;
  // Assigning an empty list would keep the memory.
  decltype(waiting_)().swap(waiting_);
  moved_ = 0;
}

std::uint64_t JournalStream::publish() {
  if (__builtin_expect(!waiting_.empty(), 0)) move_waiting();
  if (waiting_.empty()) boundary_ = end_;
  ring_.publish(boundary_);
  return ring_.end();
}

std::size_t JournalStream::held_bytes() const {
  return waiting_.capacity() == 0 ? 0 : memory::size_class(waiting_.capacity());
}

}  // namespace larder::persistence
