#pragma once

#include <string>

#include "larder/base/clock.h"
#include "larder/engine/session.h"

namespace larder::commands {

// One line of CLIENT LIST, without a line end.
std::string client_line(const engine::Session& session, const base::Clock& clock);

// The last command as that line shows it, such as "client|list"; "NULL" before the first.
std::string last_command(const engine::Session& session);

}  // namespace larder::commands
