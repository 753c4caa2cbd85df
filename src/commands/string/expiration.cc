#include "expiration.h"

#include <string>

#include "larder/base/numbers.h"
#include "larder/engine/command_table.h"

namespace larder::commands {

bool Expiration::read(engine::ArgReader& options) {
  constexpr struct {
    std::string_view word;
    Form form;
  } kWords[] = {{"EX", Form::ex}, {"PX", Form::px}, {"EXAT", Form::exat}, {"PXAT", Form::pxat}};
  for (const auto& [word, named] : kWords) {
    if ((form == Form::none || form == named) && options.option(word)) {
      form = named;
      amount = options.text();
      return true;
    }
  }
  return false;
}

std::optional<std::int64_t> Expiration::deadline_ms(engine::Call& call, std::int64_t now_ms) const {
  const auto number = base::parse_int64(amount);
  if (!number) {
    call.reply.error(engine::errors::kNotAnInteger);
    return std::nullopt;
  }
  std::int64_t ms = *number;
  const bool in_seconds = form == Form::ex || form == Form::exat;
  if (ms <= 0 || (in_seconds && __builtin_mul_overflow(ms, 1000, &ms)) ||
      (!is_absolute() && __builtin_add_overflow(ms, now_ms, &ms))) {
    reply_invalid_expire_time(call);
    return std::nullopt;
  }
  return ms;
}

void reply_invalid_expire_time(engine::Call& call) {
  call.reply.error("ERR invalid expire time in '" + call.command.full_name() + "' command");
}

}  // namespace larder::commands
