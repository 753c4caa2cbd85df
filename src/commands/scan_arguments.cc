#include "scan_arguments.h"

#include <array>

#include "larder/base/numbers.h"
#include "larder/engine/arg_reader.h"

namespace larder::commands {
namespace {

using namespace engine;

// Parses a cursor like strtoul, since clients rely on it: a sign is allowed, an empty text is zero.
std::optional<std::uint64_t> parse_cursor(std::string_view text) {
  if (text.empty()) return 0;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(c - '0'), &value)) {
      return std::nullopt;
    }
  }
  return negative ? 0 - value : value;
}

void read_count(ArgReader& reader, ScanOptions& options) {
  const std::int64_t count = reader.integer();
  if (count < 1) return reader.fail(errors::kSyntax);
  options.count = static_cast<std::size_t>(count);
}

void read_pattern(ArgReader& reader, ScanOptions& options) {
  const std::string_view pattern = reader.text();
  if (pattern == "*") return options.pattern.reset();
  options.pattern.emplace(pattern);
}

}  // namespace

std::optional<std::uint64_t> read_scan_cursor(Call& call, std::size_t position) {
  const auto cursor = parse_cursor(call.arg(position));
  if (!cursor) call.reply.error("ERR invalid cursor");
  return cursor;
}

std::optional<ScanOptions> read_scan_options(Call& call, std::size_t first, unsigned extras) {
  ScanOptions options;
  ArgReader reader(call, first);
  while (reader.more()) {
    if (reader.option("COUNT")) {
      read_count(reader, options);
    } else if (reader.option("MATCH")) {
      read_pattern(reader, options);
    } else if ((extras & kScanType) != 0 && reader.option("TYPE")) {
      options.type = reader.text();
    } else if ((extras & kScanNoValues) != 0 && reader.word("NOVALUES")) {
      options.values = false;
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  if (reader.failed()) return std::nullopt;
  return options;
}

void reply_scan_cursor(Call& call, std::uint64_t cursor) {
  std::array<char, base::kInt64Chars> digits;
  call.reply.array(2);
  call.reply.bulk(base::print_uint64(cursor, digits));
}

void reply_empty_scan(Call& call) {
  reply_scan_cursor(call, 0);
  call.reply.array(0);
}

}  // namespace larder::commands
