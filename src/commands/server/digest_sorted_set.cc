#include "digest_sorted_set.h"

#include <cstdio>

#include "larder/types/sorted_set.h"

namespace larder::commands {

void mix_sorted_set(Digest& digest, const keyspace::Entry& entry) {
  const auto set = entry.value<types::SortedSet>();
  types::String::Scratch scratch;
  for (auto at = set.at(0); at; at.next()) {
    char score[32];
    const int length = std::snprintf(score, sizeof score, "%.17g", at.score());
    Digest item;
    item.mix(at.member().text(scratch));
    item.mix({score, static_cast<std::size_t>(length)});
    digest.fold(item);
  }
}

}  // namespace larder::commands
