#pragma once

#include "larder/types/type.h"

namespace larder::types {

extern const TypeRow kSortedSetRow;

}  // namespace larder::types
