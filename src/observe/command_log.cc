#include "larder/observe/command_log.h"

#include <algorithm>
#include <new>
#include <string>

#include "larder/base/format.h"
#include "larder/engine/command_table.h"
#include "larder/engine/session.h"
#include "larder/memory/heap.h"

namespace larder::observe {
namespace {

constexpr auto kOwner = memory::Owner::statistics;

constexpr std::string_view kRedacted = "(redacted)";

// A word as it is kept: its beginning, and a note of what is left out.
class KeptWord {
 public:
  KeptWord() = default;
  explicit KeptWord(std::string_view word) : head_(word.substr(0, CommandLog::kMostWordBytes)) {
    if (head_.size() < word.size()) note("bytes", word.size() - head_.size());
  }
  static KeptWord for_others(std::size_t words) {
    KeptWord kept;
    kept.note("arguments", words);
    return kept;
  }

  std::size_t size() const { return head_.size() + note_size_; }
  char* copy_to(char* place) const {
    place = std::copy(head_.begin(), head_.end(), place);
    return std::copy_n(note_.begin(), note_size_, place);
  }

 private:
  void note(const char* what, std::size_t left_out) {
    note_size_ = base::print_into(note_, "... (%zu more %s)", left_out, what).size();
  }

  std::string_view head_;
  std::array<char, 48> note_{};
  std::size_t note_size_ = 0;
};

using KeptWords = std::array<KeptWord, CommandLog::kMostWords>;

std::size_t keep(const engine::LoggedCommand& ran, KeptWords& kept) {
  const auto is_secret = ran.command.row->is_secret;
  const std::size_t all = ran.words.size();
  const std::size_t count = std::min(all, kept.size());
  for (std::size_t i = 0; i < count; ++i) {
    const bool hides = is_secret != nullptr && is_secret(ran.words, i);
    kept[i] = KeptWord(hides ? kRedacted : ran.words[i]);
  }
  if (count < all) kept[count - 1] = KeptWord::for_others(all - count + 1);
  return count;
}

}  // namespace

CommandLog::~CommandLog() {
  for (const LogKind kind : {LogKind::slow, LogKind::large_request, LogKind::large_reply}) {
    clear(kind);
  }
}

void CommandLog::add(LogKind kind, const engine::LoggedCommand& ran, std::int64_t value,
                     std::int64_t unix_s, std::size_t most) {
  KeptWords kept;
  const std::size_t count = keep(ran, kept);
  const std::string address = ran.session.peer().address();
  const std::string_view name = std::string_view(ran.session.name).substr(0, kMostWordBytes);
  std::size_t text_bytes = address.size() + name.size();
  for (std::size_t i = 0; i < count; ++i) text_bytes += kept[i].size();
  const std::size_t bytes = sizeof(Entry) + count * sizeof(std::string_view) + text_bytes;

  auto* const block = static_cast<std::byte*>(memory::allocate(kOwner, bytes));
  auto* const views = new (block + sizeof(Entry)) std::string_view[count];
  char* text = reinterpret_cast<char*>(views + count);
  for (std::size_t i = 0; i < count; ++i) {
    views[i] = {text, kept[i].size()};
    text = kept[i].copy_to(text);
  }
  const std::string_view kept_address(text, address.size());
  text = std::copy(address.begin(), address.end(), text);
  const std::string_view kept_name(text, name.size());
  std::copy(name.begin(), name.end(), text);

  List& list = this->list(kind);
  auto* const entry = new (block) Entry{.id = list.next_id++,
                                        .unix_s = unix_s,
                                        .value = value,
                                        .words = {views, count},
                                        .address = kept_address,
                                        .name = kept_name,
                                        .bytes = bytes,
                                        .newer = nullptr,
                                        .older = list.newest};
  (list.newest == nullptr ? list.oldest : list.newest->newer) = entry;
  list.newest = entry;
  ++list.size;
  list.bytes += memory::size_class(bytes);
  trim(kind, most);
}

void CommandLog::trim(LogKind kind, std::size_t most) {
  List& list = this->list(kind);
  while (list.size > most || list.bytes > kMostBytes) {
    Entry* const entry = list.oldest;
    list.oldest = entry->newer;
    (list.oldest == nullptr ? list.newest : list.oldest->older) = nullptr;
    --list.size;
    list.bytes -= memory::size_class(entry->bytes);
    memory::release(kOwner, entry, entry->bytes);
  }
}

void CommandLog::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const List& list : lists_) {
    for (const Entry* entry = list.newest; entry != nullptr; entry = entry->older) {
      bytes += memory::size_class(entry->bytes);
    }
  }
  audit.found(kOwner, static_cast<std::int64_t>(bytes));
}

}  // namespace larder::observe
