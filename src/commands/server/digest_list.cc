#include "digest_list.h"

#include "larder/types/list.h"

namespace larder::commands {

void mix_list(Digest& digest, const keyspace::Entry& entry) {
  const auto list = entry.value<types::List>();
  types::String::Scratch scratch;
  for (auto cursor = list->at(0); !cursor.done(); cursor.next()) {
    digest.mix(cursor.get().text(scratch));
  }
}

}  // namespace larder::commands
