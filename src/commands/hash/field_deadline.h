#pragma once

// Deadlines of fields: how they are parsed, and how they are propagated.

#include <cstdint>
#include <optional>
#include <string_view>

#include "open_hash.h"

namespace larder::commands {

// The latest there may be, as in Redis: 2^46 - 1 ms after 1970.
inline constexpr std::int64_t kLatestFieldDeadline = (std::int64_t{1} << 46) - 1;

// The meaning of a time argument.
struct TimeForm {
  bool in_seconds;
  bool is_absolute;
};

// EX, PX, EXAT and PXAT; nothing for any other word.
std::optional<TimeForm> time_form(std::string_view word);

// The Unix time in ms that `text` names; nothing if it is none; the error has been sent.
std::optional<std::int64_t> read_deadline(engine::Call& call, std::string_view text, TimeForm form,
                                          std::int64_t now_ms);

// The propagated commands for a field that got this deadline, and for a removed field.
void propagate_deadline(engine::Call& call, std::string_view field, std::int64_t deadline_ms);
void propagate_removal(engine::Call& call, std::string_view field);

// Sets the deadline of an existing field, or removes the field if the deadline has passed
// (Database::is_past), and propagates this.
void expire_field(engine::Call& call, types::Hash& hash, std::string_view field,
                  std::int64_t deadline_ms);

}  // namespace larder::commands
