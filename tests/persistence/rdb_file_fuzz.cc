// Any bytes as an RDB file: reading it through a window of a few bytes has the same result as
// reading it whole; the file cut at a byte has this result too, or ends too early; and nothing is
// left behind. The first byte determines the window; the checksum is not verified, because no
// mutation would find one.

#include <cstdint>
#include <string>
#include <string_view>

#include "codec_fixture.h"
#include "larder/base/assert.h"
#include "larder/memory/ledger.h"
#include "rdb_bytes.h"

namespace {

using namespace larder;
using namespace larder::persistence;

// Files with fewer bytes are cut at each of them.
constexpr std::size_t kMostCuts = 200;

class Summary final : public RdbVisitor {
 public:
  bool go_on() override { return true; }
  void aux(std::string_view name, std::string_view value) override { add(name, value); }
  base::Result<void> function(std::string_view library) override {
    add("function", library);
    return {};
  }
  base::Result<void> database(std::uint64_t index) override {
    add("database", std::to_string(index));
    return {};
  }
  void sizes(std::uint64_t, std::uint64_t) override {}
  base::Result<void> keys(std::span<RdbKey> keys) override {
    for (const RdbKey& key : keys) {
      add(key.name, described(*key.value));
    }
    return {};
  }
  void progress(std::uint64_t) override {}
  std::string text;

 private:
  static std::string_view described(const DecodedValue& value) {
    if (value.is_empty()) return "empty";
    return value.has_storage() ? "storage" : value.text();
  }
  void add(std::string_view name, std::string_view value) {
    text.append(name).append(" ").append(value).append("\n");
  }
};

struct Result {
  std::string text;  // what was read, or where and why it failed
  bool is_cut = false;
};

Result read(std::string_view bytes, std::size_t piece, std::size_t window) {
  static config::Registry registry{"Redis 7.2.6"};
  static types::Settings settings{registry};
  TextSource source(bytes, piece);
  Summary summary;
  const auto failure = read_rdb(
      source, {.settings = settings, .now_ms = kNow, .verifies_checksum = false, .window = window},
      summary);
  if (!failure) return {summary.text};
  // Keys in front of the damage may have been delivered or not.
  return {std::to_string(static_cast<int>(failure->kind)) + " " + std::to_string(failure->offset),
          failure->kind == RdbFailure::Kind::truncated};
}

Result read_whole(std::string_view bytes) { return read(bytes, std::string::npos, 1 << 20); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto before = memory::balance(memory::Owner::snapshot);
  const std::string whole = read_whole(bytes).text;
  // A window of one to eight bytes ends within every part of a value.
  const std::size_t piece = data[0] % 8 + 1;
  LARDER_ASSERT(read(bytes, piece, piece).text == whole);
  const std::size_t step = bytes.size() / kMostCuts + 1;
  for (std::size_t cut = data[0] % step; cut < bytes.size(); cut += step) {
    const Result part = read_whole(bytes.substr(0, cut));
    LARDER_ASSERT(part.is_cut || part.text == whole);
  }
  LARDER_ASSERT(memory::balance(memory::Owner::snapshot) == before);
  return 0;
}
