// Any bytes as a stored HyperLogLog, and raises after it: two bytes for a register and one for its
// value. All functions must reject the same values; an accepted value must stay readable.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "larder/base/assert.h"
#include "larder/types/hyperloglog.h"

namespace {

namespace hll = larder::types::hll;

constexpr std::size_t kRaises = 8;
constexpr std::size_t kRaiseBytes = 3;

void check(hll::Sketch& sketch, bool valid) {
  const auto view = hll::View::of(sketch.bytes());
  LARDER_ASSERT(view.has_value());
  hll::Registers registers{};
  const bool readable = view->merge_into(registers);
  LARDER_ASSERT(readable == valid);
  LARDER_ASSERT(view->count().has_value() == valid);
  if (!sketch.is_dense()) (void)view->describe();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kRaises * kRaiseBytes) return 0;
  const std::uint8_t* raises = data + size - kRaises * kRaiseBytes;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size - kRaises * kRaiseBytes);
  const auto view = hll::View::of(bytes);
  if (!view) return 0;
  hll::Registers model{};
  const bool valid = view->merge_into(model);
  hll::Sketch sketch(*view);
  if (bytes.size() <= hll::kMostSparseBytes) check(sketch, valid);
  for (std::size_t i = 0; i < kRaises; ++i, raises += kRaiseBytes) {
    const hll::Raise raise{
        static_cast<std::uint16_t>((raises[0] | raises[1] << 8) % hll::kRegisters),
        static_cast<std::uint8_t>(1 + raises[2] % 51)};
    const auto outcome = sketch.raise(raise, raises[2] < 128 ? 3000 : 64);
    if (!valid) continue;
    const bool higher = model[raise.index] < raise.value;
    LARDER_ASSERT(outcome ==
                  (higher ? hll::Sketch::Outcome::changed : hll::Sketch::Outcome::unchanged));
    model[raise.index] = std::max(model[raise.index], raise.value);
  }
  if (!valid) return 0;
  hll::Registers registers{};
  LARDER_ASSERT(hll::View::of(sketch.bytes())->merge_into(registers));
  LARDER_ASSERT(registers == model);
  hll::Sketch merged;
  LARDER_ASSERT(merged.raise_all(model, 3000) != hll::Sketch::Outcome::corrupt);
  check(merged, true);
  return 0;
}
