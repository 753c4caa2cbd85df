// Any bytes, as a text to compress and as compressed input. The library must decompress our output,
// and both decompressors must accept and reject the same input.

#include <liblzf/lzf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "larder/base/assert.h"
#include "larder/persistence/lzf.h"

namespace {

using namespace larder::persistence;

bool library_unpacks(std::string_view packed, std::string& out) {
  return lzf_decompress(packed.data(), static_cast<unsigned>(packed.size()), out.data(),
                        static_cast<unsigned>(out.size())) == out.size();
}

void check_packing(const std::string& text) {
  std::string packed(text.size() + text.size() / 32 + 1, '\0');
  packed.resize(pack_lzf(text, packed.data(), packed.size()));
  LARDER_ASSERT(!packed.empty());
  std::string theirs(text.size(), '\0');
  LARDER_ASSERT(library_unpacks(packed, theirs) && theirs == text);
  std::string ours(text.size(), '\0');
  LARDER_ASSERT(unpack_lzf(packed, ours.data(), ours.size()) && ours == text);
  std::string shorter(packed.size() - 1, '\0');
  LARDER_ASSERT(pack_lzf(text, shorter.data(), shorter.size()) == 0);
}

void check_unpacking(std::string_view packed, std::size_t size) {
  std::string theirs(size, '\0');
  std::string ours(size, '\0');
  const bool is_good = library_unpacks(packed, theirs);
  LARDER_ASSERT(unpack_lzf(packed, ours.data(), ours.size()) == is_good);
  LARDER_ASSERT(!is_good || ours == theirs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  std::uint16_t unpacked;
  std::memcpy(&unpacked, data, sizeof unpacked);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + sizeof unpacked,
                               size - sizeof unpacked);
  check_unpacking(bytes, std::size_t{unpacked} + 1);
  // Twice, so that there is a match to find.
  check_packing(std::string(bytes) + std::string(bytes));
  return 0;
}
