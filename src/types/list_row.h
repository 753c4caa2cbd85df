#pragma once

#include "larder/types/type.h"

namespace larder::types {

// What lists tell of their storage.
extern const TypeRow kListRow;

}  // namespace larder::types
