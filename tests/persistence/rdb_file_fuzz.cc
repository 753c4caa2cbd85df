// Any bytes as an RDB file: reading it in pieces has the same result as reading it whole, and
// nothing is left behind. The first byte is the size of the pieces; the checksum is not verified,
// because no mutation would find one.

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

class Summary final : public RdbVisitor {
 public:
  bool go_on() override { return true; }
  void aux(std::string_view name, std::string_view value) override { add(name, value); }
  void function(std::string_view library) override { add("function", library); }
  base::Result<void> database(std::uint64_t index) override {
    add("database", std::to_string(index));
    return {};
  }
  void sizes(std::uint64_t, std::uint64_t) override {}
  base::Result<void> keys(std::span<RdbKey> keys) override {
    for (const RdbKey& key : keys) {
      add(key.name, key.value->has_storage() ? "storage" : key.value->text());
    }
    return {};
  }
  void progress(std::uint64_t) override {}
  std::string text;

 private:
  void add(std::string_view name, std::string_view value) {
    text.append(name).append(" ").append(value).append("\n");
  }
};

std::string result_of(std::string_view bytes, std::size_t piece, const types::Settings& settings) {
  TextSource source(bytes, piece);
  Summary summary;
  const auto failure = read_rdb(source, {settings, kNow, false}, summary);
  // Keys in front of the damage may have been delivered or not.
  return failure ? std::to_string(static_cast<int>(failure->kind)) + " " +
                       std::to_string(failure->offset)
                 : summary.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static config::Registry registry{"Redis 7.2.6"};
  static types::Settings settings{registry};
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto before = memory::balance(memory::Owner::snapshot);
  const std::string whole = result_of(bytes, std::string::npos, settings);
  LARDER_ASSERT(result_of(bytes, std::size_t{data[0]} + 1, settings) == whole);
  if (size > 2) result_of(bytes.substr(0, data[0] % bytes.size()), 1, settings);
  LARDER_ASSERT(memory::balance(memory::Owner::snapshot) == before);
  return 0;
}
