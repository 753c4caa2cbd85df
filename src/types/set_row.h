#pragma once

#include "larder/types/type.h"

namespace larder::types {

extern const TypeRow kSetRow;

}  // namespace larder::types
