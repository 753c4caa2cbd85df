#include "digest_sorted_set.h"

#include "larder/base/format.h"
#include "larder/types/sorted_set.h"

namespace larder::commands {

void mix_sorted_set(Digest& digest, const keyspace::Entry& entry) {
  const auto set = entry.value<types::SortedSet>();
  types::String::Scratch scratch;
  for (auto at = set->at(0); at; at.next()) {
    char score[32];
    Digest item;
    item.mix(at.member().text(scratch));
    item.mix(base::print_into(score, "%.17g", at.score()));
    digest.fold(item);
  }
}

}  // namespace larder::commands
