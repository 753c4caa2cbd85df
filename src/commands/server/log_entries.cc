#include "log_entries.h"

#include <algorithm>

#include "larder/base/numbers.h"

namespace larder::commands {

std::optional<std::int64_t> read_entry_count(engine::Call& call, std::string_view text) {
  const auto count = base::parse_int64(text);
  if (count && *count >= -1) return count;
  call.reply.error("ERR count should be greater than or equal to -1");
  return std::nullopt;
}

void reply_entries(engine::Call& call, const observe::CommandLog& log, observe::LogKind kind,
                   std::int64_t count) {
  constexpr std::uint64_t kFields = 6;
  const std::uint64_t all = log.size(kind);
  // As an unsigned number -1 is larger than any number of entries.
  std::uint64_t left = std::min(all, static_cast<std::uint64_t>(count));
  call.reply.array(left);
  for (const auto* entry = log.newest(kind); left > 0 && !call.reply.drops();
       entry = entry->older, --left) {
    call.reply.array(kFields);
    call.reply.integer(static_cast<std::int64_t>(entry->id));
    call.reply.integer(entry->unix_s);
    call.reply.integer(entry->value);
    call.reply.array(entry->words.size());
    for (const std::string_view word : entry->words) call.reply.bulk(word);
    call.reply.bulk(entry->address);
    call.reply.bulk(entry->name);
  }
}

}  // namespace larder::commands
