#pragma once

#include "larder/resp/writer.h"
#include "larder/types/string.h"

namespace larder::commands {

// The value as a bulk string.
inline void reply_string(resp::Writer& reply, const types::String& value) {
  if (value.is_number()) return reply.bulk_integer(value.number());
  types::String::Scratch unused;
  reply.bulk(value.text(unused));
}

}  // namespace larder::commands
