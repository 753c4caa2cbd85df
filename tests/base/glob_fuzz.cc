// Any pattern on any text: the matcher agrees with the reference. The first byte selects case
// folding, the second is the length of the pattern.

#include <algorithm>
#include <cstdint>

#include "larder/base/assert.h"
#include "tests/base/glob_reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using larder::base::Case;
  constexpr std::size_t kMost = 400;
  if (size < 2 || size > kMost) return 0;
  const Case letters = (data[0] & 1) != 0 ? Case::ignored : Case::sensitive;
  const std::string_view rest(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string_view pattern = rest.substr(0, std::min<std::size_t>(data[1], rest.size()));
  const std::string_view text = rest.substr(pattern.size());
  larder::base::GlobReference reference(pattern, text, letters);
  LARDER_ASSERT(larder::base::match_glob(pattern, text, letters) == reference.matches());
  return 0;
}
