#include "field_deadline.h"

#include "larder/base/numbers.h"
#include "larder/base/text.h"
#include "larder/engine/command_table.h"

namespace larder::commands {

std::optional<TimeForm> time_form(std::string_view word) {
  constexpr struct {
    std::string_view word;
    TimeForm form;
  } kWords[] = {{"EX", {true, false}},
                {"PX", {false, false}},
                {"EXAT", {true, true}},
                {"PXAT", {false, true}}};
  for (const auto& [name, form] : kWords) {
    if (base::equals_ignoring_case(word, name)) return form;
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_deadline(engine::Call& call, std::string_view text, TimeForm form,
                                          std::int64_t now_ms) {
  const auto number = base::parse_int64(text);
  if (!number) {
    call.reply.error(engine::errors::kNotAnInteger);
    return std::nullopt;
  }
  if (*number < 0) {
    call.reply.error("ERR invalid expire time, must be >= 0");
    return std::nullopt;
  }
  std::int64_t ms = *number;
  if ((form.in_seconds && __builtin_mul_overflow(ms, 1000, &ms)) ||
      (!form.is_absolute && __builtin_add_overflow(ms, now_ms, &ms)) || ms > kLatestFieldDeadline) {
    call.reply.error("ERR invalid expire time in '" + call.command.full_name() + "' command");
    return std::nullopt;
  }
  return ms;
}

void propagate_deadline(engine::Call& call, std::string_view field, std::int64_t deadline_ms) {
  std::array<char, base::kInt64Chars> digits;
  call.propagate(
      {"HPEXPIREAT", call.key.name, base::print_int64(deadline_ms, digits), "FIELDS", "1", field});
}

void propagate_removal(engine::Call& call, std::string_view field) {
  call.propagate({"HDEL", call.key.name, field});
}

void expire_field(engine::Call& call, types::Hash& hash, std::string_view field,
                  std::int64_t deadline_ms) {
  const std::int64_t until_ms = call.expired_until_ms();
  if (call.db.is_past(deadline_ms)) {
    hash.erase(field, until_ms);
    return propagate_removal(call, field);
  }
  hash.set_deadline(field, deadline_ms, until_ms);
  propagate_deadline(call, field, deadline_ms);
}

}  // namespace larder::commands
