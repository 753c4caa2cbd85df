#include "output_limits.h"

namespace larder::net {

bool OutputExcess::note(const config::BufferLimit& limit, std::uint64_t bytes,
                        std::int64_t now_ms) {
  if (limit.hard_bytes != 0 && bytes >= limit.hard_bytes) return true;
  if (limit.soft_bytes == 0 || bytes < limit.soft_bytes) {
    forget();
    return false;
  }
  if (!is_soft()) soft_since_ms_ = now_ms;
  return now_ms - soft_since_ms_ > limit.soft_seconds * 1000;
}

}  // namespace larder::net
