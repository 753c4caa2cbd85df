#pragma once

// The list of all command files; generated at build time from their names.

#include <span>

#include "larder/engine/command.h"

namespace larder::commands {

// One row list for each file under src/commands/<family>/.
std::span<const std::span<const engine::Command>> index();

}  // namespace larder::commands
