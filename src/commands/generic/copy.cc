#include "../room.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/keyspace/keyspace.h"

namespace larder::commands {
namespace {

using namespace engine;

struct CopyOptions {
  keyspace::Database* target;
  bool replace = false;
};

// False if an option is wrong; the error has been sent.
bool read(Call& call, keyspace::Keyspace& keyspace, CopyOptions& options) {
  ArgReader reader(call, 3);
  while (reader.more()) {
    if (reader.word("REPLACE")) {
      options.replace = true;
    } else if (reader.option("DB")) {
      const int index = reader.small_integer();
      if (index < 0 || static_cast<std::size_t>(index) >= keyspace.databases()) {
        reader.fail(errors::kDbOutOfRange);
      } else {
        options.target = &keyspace.db(static_cast<std::size_t>(index));
      }
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  return !reader.failed();
}

void copy(Call& call, keyspace::Keyspace& keyspace, eviction::Evictor& evictor) {
  CopyOptions options{&call.db};
  if (!read(call, keyspace, options)) return;
  const auto to = keyspace::Key::of(call.arg(2));
  if (options.target == &call.db && to.name == call.key.name) {
    return call.reply.error(errors::kSameObject);
  }
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::read);
  if (entry == nullptr) return call.reply.integer(0);
  if (const std::size_t bytes = entry->footprint(); grows_much(0, bytes)) {
    // The copy of a collection has many blocks: whether there is memory for one of their size says
    // as much about them as can be known.
    if (!has_room(call, evictor, {.more = bytes, .block = bytes, .kept = bytes})) return;
    entry = call.db.look(call.key, keyspace::Look::read);
    if (entry == nullptr) return call.reply.integer(0);
  }
  if (options.target->look(to, keyspace::Look::write) != nullptr && !options.replace) {
    return call.reply.integer(0);
  }
  options.target->put_copy(to, *entry, keyspace::Event::copy_to);
  call.reply.integer(1);
}

}  // namespace

std::span<const engine::Command> generic_copy() {
  static constexpr Command kCommands[] = {
      {.name = "copy",
       .family = Family::generic,
       .arity = at_least(3),
       .flags = kWrites | kGrows,
       .categories = kKeyspace,
       .keys = {KeySpec::one(1, kRO | kAccess), KeySpec::one(2, kOW | kUpdate)},
       .handler = Handler::of<copy>(),
       .since = "6.2.0",
       .summary = "Stores a copy of a key's value and deadline at another key.",
       .complexity = "O(N) for N nested elements, O(1) for strings",
       .arguments = "source:key#0 destination:key#1 destination-db:integer@DB? "
                    "replace:pure-token@REPLACE?"},
  };
  return kCommands;
}

}  // namespace larder::commands
