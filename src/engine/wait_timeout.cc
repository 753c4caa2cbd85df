#include <cmath>
#include <limits>

#include "larder/base/numbers.h"
#include "larder/engine/call.h"
#include "larder/engine/wait.h"

namespace larder::engine {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

constexpr std::string_view kNotAFloat = "ERR timeout is not a float or out of range";
constexpr std::string_view kNotAnInteger = "ERR timeout is not an integer or out of range";
constexpr std::string_view kNegative = "ERR timeout is negative";
constexpr std::string_view kOutOfRange = "ERR timeout is out of range";

struct Timeout {
  std::int64_t ms = 0;
  std::string_view error;
};

Timeout from_seconds(std::string_view text) {
  const auto seconds = base::parse_long_double(text);
  if (!seconds) return {.error = kNotAFloat};
  // If it were rounded up first, a small negative number would become 0 and wait forever.
  if (*seconds < 0) return {.error = kNegative};
  const long double ms = std::ceil(*seconds * 1000);
  if (ms >= static_cast<long double>(kMost)) return {.error = kOutOfRange};
  return {.ms = static_cast<std::int64_t>(ms)};
}

Timeout from_milliseconds(std::string_view text) {
  const auto ms = base::parse_int64(text);
  if (!ms) return {.error = kNotAnInteger};
  if (*ms < 0) return {.error = kNegative};
  return {.ms = *ms};
}

}  // namespace

std::optional<std::int64_t> read_timeout(Call& call, std::string_view text, TimeoutUnit unit) {
  Timeout read = unit == TimeoutUnit::seconds ? from_seconds(text) : from_milliseconds(text);
  // The deadline itself must be a valid time, too.
  if (read.ms > kMost - call.waiters.clock().unix_ms()) read.error = kOutOfRange;
  if (read.error.empty()) return read.ms;
  call.reply.error(read.error);
  return std::nullopt;
}

}  // namespace larder::engine
