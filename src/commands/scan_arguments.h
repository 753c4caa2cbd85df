#pragma once

// Shared by SCAN, SSCAN, HSCAN and ZSCAN: cursors and options.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "larder/base/glob.h"
#include "larder/engine/call.h"

namespace larder::commands {

// Options that only some of the family take.
enum ScanExtra : unsigned { kScanOnlyCommon = 0, kScanType = 1u << 0, kScanNoValues = 1u << 1 };

struct ScanOptions {
  std::size_t count = 10;
  std::optional<base::Glob> pattern;
  std::optional<std::string_view> type;
  bool values = true;

  bool admits(std::string_view name) const { return !pattern || pattern->matches(name); }
};

// The cursor that stands at `position`; nothing if it is none; the error has been sent.
std::optional<std::uint64_t> read_scan_cursor(engine::Call& call, std::size_t position);

// The options from `first` on; nothing if one is wrong, in which case the error has been sent. If
// the key does not exist, Redis does not check them: call reply_empty_scan() and return.
std::optional<ScanOptions> read_scan_options(engine::Call& call, std::size_t first,
                                             unsigned extras);

// The beginning of a reply: a pair of the next cursor and an array, which must follow.
void reply_scan_cursor(engine::Call& call, std::uint64_t cursor);
// The complete reply of a scan that found nothing and has ended.
void reply_empty_scan(engine::Call& call);

}  // namespace larder::commands
