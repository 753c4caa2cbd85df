#pragma once

#include "larder/engine/command_table.h"
#include "larder/resp/writer.h"

namespace larder::commands {

// What COMMAND DOCS says of a command, as a map; its subcommands within.
void write_command_docs(resp::Writer& reply, const engine::BoundCommand& command);

}  // namespace larder::commands
