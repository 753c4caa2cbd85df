#pragma once

// Deadlines in the arguments of SET, GETEX and SETEX: EX, PX, EXAT and PXAT.

#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"

namespace larder::commands {

struct Expiration {
  enum class Form : std::uint8_t { none, ex, px, exat, pxat };

  Form form = Form::none;
  std::string_view amount = {};

  bool given() const { return form != Form::none; }
  bool is_absolute() const { return form == Form::exat || form == Form::pxat; }

  // Reads one of the four words with its number; false if the next argument is none of them, or if
  // there was one before. The number is not checked yet.
  bool read(engine::ArgReader& options);

  // The Unix time in ms; nothing when the number is wrong; the error has been sent.
  std::optional<std::int64_t> deadline_ms(engine::Call& call, std::int64_t now_ms) const;
};

// Replies "invalid expire time" for the running command.
void reply_invalid_expire_time(engine::Call& call);

}  // namespace larder::commands
