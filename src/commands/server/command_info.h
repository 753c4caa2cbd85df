#pragma once

#include "larder/engine/command_table.h"
#include "larder/resp/writer.h"

namespace larder::commands {

// The ten fields of COMMAND INFO for a command; the last contains its subcommands, with ten fields
// each.
void write_command_info(resp::Writer& reply, const engine::BoundCommand& command);

// "RW", "access" and so on as a set of simple texts.
void write_key_flags(resp::Writer& reply, std::uint32_t flags);

}  // namespace larder::commands
