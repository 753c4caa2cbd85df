#include "debug_usage.h"

#include <string>

namespace larder::commands {

void debug_usage(engine::Call& call) {
  constexpr std::size_t kMostShown = 128;
  call.reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(call.arg(1).substr(0, kMostShown)) + "'. Try DEBUG HELP.");
}

}  // namespace larder::commands
