#pragma once

#include "larder/engine/command_table.h"
#include "larder/resp/writer.h"

namespace larder::commands {

// The reply of COMMAND DOCS for a command, as a map that includes its subcommands.
void write_command_docs(resp::Writer& reply, const engine::BoundCommand& command);

}  // namespace larder::commands
