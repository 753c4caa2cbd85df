#include <cstdio>
#include <optional>

#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/entry.h"
#include "larder/types/hash.h"
#include "larder/types/list.h"
#include "larder/types/listpack.h"
#include "larder/types/set.h"
#include "larder/types/sorted_set.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::ListpackView;

ListpackView view_of(std::string_view raw) {
  return ListpackView(reinterpret_cast<const std::uint8_t*>(raw.data()));
}

// The listpack that holds the value.
std::optional<ListpackView> listpack_of(const keyspace::Entry& entry) {
  if (keyspace::encoding(entry) != "listpack") return std::nullopt;
  switch (entry.type()) {
    case types::Type::hash:
      return entry.value<types::Hash>()->pack();
    case types::Type::set:
      return entry.value<types::Set>()->listpack();
    case types::Type::sorted_set:
      return ListpackView(static_cast<const std::uint8_t*>(entry.storage()));
    case types::Type::list: {
      std::optional<ListpackView> found;
      entry.value<types::List>()->for_each_node(
          [&found](bool, std::string_view raw) { found = view_of(raw); });
      return found;
    }
    default:
      return std::nullopt;
  }
}

// "offset bytes value", a line for each element.
void print(const ListpackView& pack) {
  std::printf("listpack of %zu bytes, %zu elements\n", pack.bytes(), pack.size());
  for (auto place = pack.first(); place != ListpackView::kEnd; place = pack.next(place)) {
    types::String::Scratch scratch;
    const types::String value = pack.get(place);
    const std::string_view text = value.text(scratch);
    std::printf("%8u %6zu %s ", place, pack.element_bytes(place),
                value.is_number() ? "integer" : "text");
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::printf("\n");
  }
  std::fflush(stdout);
}

void debug_listpack(Call& call) {
  const auto key = keyspace::Key::of(call.arg(2));
  const keyspace::Entry* entry = call.db.look(key, keyspace::Look::untouched);
  if (entry == nullptr) return call.reply.error(errors::kNoSuchKey);
  const auto pack = listpack_of(*entry);
  if (!pack) return call.reply.error("ERR Not a listpack encoded object.");
  print(*pack);
  call.reply.simple("Listpack structure printed on stdout");
}

}  // namespace

std::span<const engine::Command> server_debug_listpack() {
  static constexpr Command kCommands[] = {
      {.name = "debug listpack",
       .family = Family::server,
       .arity = exactly(3),
       .flags = kAdmin | kNoScript | kLoading | kStale | kProtected,
       .only_shows = true,
       .handler = Handler::of<debug_listpack>(),
       .since = "7.0.0",
       .summary = "Prints the elements of a compact value to the server's standard output.",
       .complexity = "O(N) for N elements",
       .arguments = "key:string"},
  };
  return kCommands;
}

}  // namespace larder::commands
