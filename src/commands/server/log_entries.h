#pragma once

// Shared by SLOWLOG and COMMANDLOG.

#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/engine/call.h"
#include "larder/observe/command_log.h"

namespace larder::commands {

// Parses the number of requested entries, -1 for all. Nothing if an error has been sent.
std::optional<std::int64_t> read_entry_count(engine::Call& call, std::string_view text);

// Replies with up to `count` of the newest entries.
void reply_entries(engine::Call& call, const observe::CommandLog& log, observe::LogKind kind,
                   std::int64_t count);

}  // namespace larder::commands
