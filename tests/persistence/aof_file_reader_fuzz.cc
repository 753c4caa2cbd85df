// Any bytes as an append-only file. In pieces of any size the reader finds the same commands at the
// same places and fails in the same way; and a file that is cut anywhere has a part of the
// commands. The first byte is the size of the pieces, the next two where the file is cut. A byte
// 0xff stands for the sum of the group before it, so that whole groups are found.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "larder/base/assert.h"
#include "src/persistence/aof_file_reader.h"
#include "tests/persistence/aof_text.h"

namespace {

using namespace larder::persistence;
namespace resp = larder::resp;

struct Found {
  std::vector<std::string> commands;
  std::optional<AofFailure> failure;
  std::uint64_t end = 0;
  std::uint64_t verified = 0;
};

Found read(const std::string& text, std::size_t piece) {
  AofTextSource source(text, piece);
  AofFileReader reader(source);
  Found found;
  resp::Batch batch;
  for (;;) {
    found.failure = reader.prepare();
    if (!reader.has_ready()) break;
    while (reader.has_ready()) {
      reader.cut(batch);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const resp::Request& request = batch.requests()[i];
        LARDER_ASSERT(reader.offset(i) + request.bytes <= text.size());
        const std::string bytes = text.substr(reader.offset(i), request.bytes);
        LARDER_ASSERT(bytes.front() == '*' && bytes.ends_with("\r\n"));
        LARDER_ASSERT(!request.args.empty());
        found.commands.push_back(bytes);
      }
    }
    if (found.failure) break;
  }
  found.end = reader.offset();
  found.verified = reader.verified();
  LARDER_ASSERT(found.end <= text.size() && found.verified <= found.end);
  LARDER_ASSERT(!found.failure || found.failure->offset <= text.size());
  LARDER_ASSERT(found.failure || found.end == text.size());
  return found;
}

bool is_same(const Found& a, const Found& b) {
  const bool same_end = a.failure.has_value() == b.failure.has_value() && a.end == b.end;
  const bool same_failure =
      !a.failure || !b.failure ||
      (a.failure->kind == b.failure->kind && a.failure->offset == b.failure->offset);
  return same_end && same_failure && a.commands == b.commands && a.verified == b.verified;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  std::string text;
  std::size_t group = 0;
  for (std::size_t i = 3; i < size; ++i) {
    if (data[i] != 0xff) {
      text += static_cast<char>(data[i]);
      continue;
    }
    text += sum_line(std::string_view(text).substr(group), group);
    group = text.size();
  }
  const Found whole = read(text, text.size() + 1);
  LARDER_ASSERT(is_same(whole, read(text, std::size_t{1} + data[0])));
  const std::size_t cut = (data[1] + 256U * data[2]) % (text.size() + 1);
  const Found part = read(text.substr(0, cut), text.size() + 1);
  LARDER_ASSERT(part.commands.size() <= whole.commands.size() || whole.failure);
  return 0;
}
