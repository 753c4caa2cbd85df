#pragma once

#include <string_view>

namespace larder::engine {

// The user of a session, as far as the engine must know. The room that keeps the users derives from
// it.
struct Account {
  std::string_view name;  // valid as long as the account
};

}  // namespace larder::engine
