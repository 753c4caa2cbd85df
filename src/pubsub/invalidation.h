#pragma once

// An invalidation message: the changed keys, or all keys. Written once for each form.

#include <array>
#include <span>
#include <string_view>

#include "larder/resp/shared_text.h"
#include "larder/resp/writer.h"

namespace larder::pubsub {

class Invalidation {
 public:
  // The keys must outlive it.
  Invalidation(resp::SharedTexts& texts, std::span<const std::string_view> keys)
      : texts_(texts), keys_(keys) {}
  static Invalidation everything(resp::SharedTexts& texts) { return {texts, {}}; }
  ~Invalidation();
  Invalidation(const Invalidation&) = delete;
  Invalidation& operator=(const Invalidation&) = delete;

  // A push, or for RESP2 a message in the channel __redis__:invalidate. Written at the first call.
  resp::SharedText& in(resp::Protocol protocol);

 private:
  resp::SharedText& write(resp::Protocol protocol);

  resp::SharedTexts& texts_;
  std::span<const std::string_view> keys_;  // none: everything
  std::array<resp::SharedText*, 2> written_{};
};

}  // namespace larder::pubsub
