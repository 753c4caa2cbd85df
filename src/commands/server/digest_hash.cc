#include "digest_hash.h"

#include <limits>

#include "larder/types/hash.h"

namespace larder::commands {

void mix_hash(Digest& digest, const keyspace::Entry& entry) {
  constexpr std::int64_t kStoredAtAll = std::numeric_limits<std::int64_t>::min();
  entry.value<types::Hash>()->for_each(
      kStoredAtAll, [&digest](const types::String& name, const types::String& value) {
        types::String::Scratch digits;
        Digest field;
        field.mix(name.text(digits));
        field.mix(value.text(digits));
        digest.fold(field);
      });
}

}  // namespace larder::commands
