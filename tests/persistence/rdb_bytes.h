#pragma once

// RDB files in memory, put together byte by byte.

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "larder/persistence/crc64.h"
#include "larder/persistence/rdb_file.h"

namespace larder::persistence {

// Gives at most `piece` bytes at once.
class TextSource final : public RdbSource {
 public:
  explicit TextSource(std::string_view bytes, std::size_t piece = std::string::npos)
      : rest_(bytes), size_(bytes.size()), piece_(piece) {}

  base::Result<std::size_t> read(char* out, std::size_t most) override {
    const std::size_t bytes = std::min({most, piece_, rest_.size()});
    std::memcpy(out, rest_.data(), bytes);
    rest_.remove_prefix(bytes);
    return bytes;
  }
  std::uint64_t size() const override { return size_; }

 private:
  std::string_view rest_;
  const std::uint64_t size_;
  const std::size_t piece_;
};

// Of up to 63 bytes.
inline std::string short_text(std::string_view text) {
  return static_cast<char>(text.size()) + std::string(text);
}

// A key whose value is its type's byte and a body.
inline std::string key_bytes(std::string_view name, std::string_view value) {
  return value[0] + short_text(name) + std::string(value.substr(1));
}

inline std::string with_checksum(std::string bytes) {
  const std::uint64_t sum = crc64(0, bytes);
  char tail[sizeof sum];
  std::memcpy(tail, &sum, sizeof sum);
  return bytes + std::string(tail, sizeof tail);
}

inline std::string rdb_file(std::string_view items, std::string_view version = "0012") {
  return with_checksum("REDIS" + std::string(version) + std::string(items) + "\xff");
}

// Values of every form from the corpus of the codec's fuzz target.
inline std::map<std::string, std::string> values_of_every_form() {
  std::map<std::string, std::string> found;
  for (const auto& file :
       std::filesystem::directory_iterator("tests/persistence/value_codec_fuzz_corpus")) {
    const std::string name = file.path().filename();
    if (name.rfind("refused_", 0) == 0) continue;
    std::ifstream in(file.path(), std::ios::binary);
    found[name.substr(0, 40)] = {std::istreambuf_iterator<char>(in), {}};
  }
  return found;
}

}  // namespace larder::persistence
