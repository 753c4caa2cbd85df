#pragma once

namespace larder::memory {

// Does nothing; calling it makes the linker take the file that replaces the global operator
// new and delete, which nobody names.
void charge_operator_new();

}  // namespace larder::memory
