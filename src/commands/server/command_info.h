#pragma once

#include "larder/engine/command_table.h"
#include "larder/resp/writer.h"

namespace larder::commands {

// COMMAND INFO's ten facts about a command; the last are its subcommands, each with its own ten.
void write_command_info(resp::Writer& reply, const engine::BoundCommand& command);

// "RW", "access" and so on as a set of simple texts.
void write_key_flags(resp::Writer& reply, std::uint32_t flags);

}  // namespace larder::commands
