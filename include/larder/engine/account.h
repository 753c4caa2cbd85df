#pragma once

#include <string_view>

namespace larder::engine {

// Who a session acts as, as far as the engine must know. The room that keeps the users derives
// from it.
struct Account {
  std::string_view name;  // lives as long as the account
};

}  // namespace larder::engine
