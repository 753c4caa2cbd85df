#pragma once

// A trait beside those in config.h, for directives that name a file.

#include "larder/config/config.h"

namespace larder::config {

// CONFIG SET to the same name is a change: what stands in the file may be another.
inline constexpr Trait kNamesAFile = static_cast<Trait>(256);

}  // namespace larder::config
