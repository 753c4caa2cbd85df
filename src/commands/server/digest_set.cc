#include "digest_set.h"

#include "larder/types/set.h"

namespace larder::commands {

void mix_set(Digest& digest, const keyspace::Entry& entry) {
  entry.value<types::Set>()->for_each([&digest](const types::String& member) {
    types::String::Scratch scratch;
    digest.fold(member.text(scratch));
  });
}

}  // namespace larder::commands
