#include "larder/persistence/functions_payload.h"

#include "larder/persistence/crc64.h"
#include "rdb_reader.h"
#include "rdb_writer.h"

namespace larder::persistence {
namespace {

// Of the version and the checksum.
constexpr std::size_t kEndBytes = 10;

}  // namespace

Bytes functions_payload(const engine::FunctionLibraries& libraries, Compression compression) {
  Bytes out;
  RdbWriter writer(out, compression);
  for (std::size_t i = 0; i < libraries.libraries(); ++i) {
    writer.byte(static_cast<std::uint8_t>(RdbOpcode::function));
    writer.text(libraries.code(i));
  }
  writer.byte(kPlainVersion & 0xff);
  writer.byte(kPlainVersion >> 8);
  writer.word(crc64(0, {out.data(), out.size()}));
  return out;
}

// A text may be so long that it contains a part of the end, as in Redis.
base::Result<std::vector<std::string>> read_functions(std::string_view payload,
                                                      std::uint64_t most_bytes) {
  std::vector<std::string> libraries;
  RdbReader reader(payload);
  std::uint64_t bytes = 0;
  while (reader.left() > kEndBytes) {
    const auto opcode = static_cast<RdbOpcode>(reader.byte());
    if (opcode == RdbOpcode::old_function) {
      return base::Error{"Pre-GA function format not supported"};
    }
    if (opcode != RdbOpcode::function) return base::Error{"given type is not a function"};
    RdbText code;
    if (!reader.text(code)) return base::Error{"Failed loading library payload"};
    bytes += code.view().size();
    if (bytes > most_bytes) {
      return base::Error{"The libraries of the payload take more than " +
                         std::to_string(most_bytes) + " bytes"};
    }
    libraries.emplace_back(code.view());
  }
  return libraries;
}

}  // namespace larder::persistence
