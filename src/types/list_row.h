#pragma once

#include "larder/types/type.h"

namespace larder::types {

// The row of functions of lists (types/type.h).
extern const TypeRow kListRow;

}  // namespace larder::types
