#pragma once

// The row of functions of each collection (types/type.h).

#include "larder/types/type.h"

namespace larder::types {

extern const TypeRow kHashRow;
extern const TypeRow kListRow;
extern const TypeRow kSetRow;
extern const TypeRow kSortedSetRow;
extern const TypeRow kStreamRow;

}  // namespace larder::types
