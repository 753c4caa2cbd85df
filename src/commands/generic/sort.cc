#include <algorithm>

#include "../room.h"
#include "larder/engine/access_control.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/list.h"
#include "larder/types/settings.h"
#include "sorting.h"

namespace larder::commands {
namespace {

using namespace engine;

constexpr std::string_view kNotANumber = "ERR One or more scores can't be converted into double";

constexpr std::string_view kByDenied =
    "ERR BY option of SORT denied due to insufficient ACL permissions.";
constexpr std::string_view kGetDenied =
    "ERR GET option of SORT denied due to insufficient ACL permissions.";

struct SortOptions {
  SortOrder order;
  std::vector<SortPattern> wanted;  // empty: the elements
  std::int64_t offset = 0;
  std::int64_t count = -1;  // negative: all
  std::optional<std::string_view> target;
};

enum class Storing : std::uint8_t { refused, allowed };

// The position of the key after the last STORE; 0 without STORE.
std::size_t target_position(std::span<const std::string_view> args) {
  std::size_t found = 0;
  for (std::size_t i = 2; i < args.size(); ++i) {
    if (base::equals_ignoring_case(args[i], "LIMIT")) {
      i += 2;
    } else if (base::equals_ignoring_case(args[i], "GET") ||
               base::equals_ignoring_case(args[i], "BY")) {
      ++i;
    } else if (base::equals_ignoring_case(args[i], "STORE") && i + 1 < args.size()) {
      found = ++i;
    }
  }
  return found;
}

// False if an option is wrong, in which case the error has been sent. Patterns lead to keys for
// which permissions were not checked, so they need a user that may read all keys.
bool read(Call& call, Storing storing, const Guard& guard, SortOptions& options) {
  const bool reads_all = guard.may_read_all_keys(call.session, call.command, call.args);
  ArgReader reader(call, 2);
  while (reader.more()) {
    if (reader.word("ASC")) {
      options.order.descending = false;
    } else if (reader.word("DESC")) {
      options.order.descending = true;
    } else if (reader.word("ALPHA")) {
      options.order.by_text = true;
    } else if (reader.left() > 2 && reader.word("LIMIT")) {
      options.offset = reader.integer();
      options.count = reader.integer();
    } else if (storing == Storing::allowed && reader.option("STORE")) {
      reader.text();
    } else if (reader.option("BY")) {
      options.order.by = SortPattern(reader.text());
      if (!options.order.by->has_place()) {
        options.order.none = true;
      } else if (!reads_all) {
        reader.fail(kByDenied);
      }
    } else if (reader.option("GET")) {
      options.wanted.emplace_back(reader.text());
      if (!reads_all) reader.fail(kGetDenied);
    } else {
      reader.fail(errors::kSyntax);
    }
  }
  if (storing == Storing::refused) return !reader.failed();
  // The same argument that the row declares, for which permissions and tracking are checked.
  if (const std::size_t at = target_position(call.args)) options.target = call.arg(at);
  return !reader.failed();
}

bool is_sortable(types::Type type) {
  return type == types::Type::list || type == types::Type::set || type == types::Type::sorted_set;
}

SortPart part_of(std::size_t size, const SortOptions& options) {
  const std::size_t first =
      std::min(size, static_cast<std::size_t>(std::max<std::int64_t>(options.offset, 0)));
  const std::size_t left = size - first;
  if (options.count < 0) return {first, size};
  return {first, first + std::min(left, static_cast<std::size_t>(options.count))};
}

// Calls fn(std::optional<types::String>) on each value of the answer.
template <typename Fn>
void for_each_value(const Sorting& sorting, const SortPart& part, const SortOptions& options,
                    keyspace::Database& db, std::int64_t expired_until_ms, Fn fn) {
  for (std::size_t i = part.first; i < part.end; ++i) {
    sorting.fetch_behind(i);
    if (options.wanted.empty()) fn(std::optional(types::String(sorting.element(i))));
    for (const SortPattern& pattern : options.wanted) {
      fn(pattern.look(db, sorting.element(i), expired_until_ms));
    }
  }
}

types::List gather(Call& call, const Sorting& sorting, const SortPart& part,
                   const SortOptions& options, std::int64_t expired_until_ms,
                   const types::Settings& settings) {
  const auto limits = types::ListLimits::of(settings);
  types::List list(nullptr);
  for_each_value(sorting, part, options, call.db, expired_until_ms, [&](const auto& value) {
    types::String::Scratch scratch;
    const std::string_view text = value ? value->text(scratch) : std::string_view();
    list.admit(limits, text.size(), 1);
    list.push(limits, types::ListEnd::tail, text);
  });
  return list;
}

void store(Call& call, std::string_view target, types::List list, eviction::Evictor& evictor) {
  if (!has_room_for_made(call, evictor, types::Type::list, list.storage())) return;
  const std::size_t stored = list.storage() == nullptr ? 0 : list.size();
  if (stored > 0) call.db.count_changes(stored);
  call.db.put_storage(keyspace::Key::of(target), types::Type::list, list.storage(),
                      keyspace::Event::sortstore);
  call.reply.integer(static_cast<std::int64_t>(stored));
}

void answer(Call& call, const Sorting& sorting, const SortPart& part, const SortOptions& options,
            std::int64_t expired_until_ms) {
  call.reply.array((part.end - part.first) * std::max<std::size_t>(options.wanted.size(), 1));
  for_each_value(sorting, part, options, call.db, expired_until_ms, [&](const auto& value) {
    if (!value || call.reply.drops()) return call.reply.null();
    types::String::Scratch scratch;
    call.reply.bulk(value->text(scratch));
  });
}

// SORT_RO has no evictor and stores nothing.
void run(Call& call, const types::Settings& settings, const Guard& guard,
         eviction::Evictor* evictor) {
  SortOptions options;
  const Storing storing = evictor == nullptr ? Storing::refused : Storing::allowed;
  if (!read(call, storing, guard, options)) return;
  const keyspace::Entry* entry = call.db.look(call.key, keyspace::Look::read);
  if (entry != nullptr && !is_sortable(entry->type())) return call.reply.error(errors::kWrongType);
  // A stored result must not depend on the internal order of a set.
  if (options.order.none && options.target && entry != nullptr &&
      entry->type() == types::Type::set) {
    options.order = {.descending = options.order.descending, .by_text = true};
  }
  if (options.target && !may_make_result(call)) return;
  const std::int64_t expired_until_ms = call.expired_until_ms();
  Sorting sorting;
  if (entry != nullptr) sorting.load(*entry, options.order);
  const SortPart part = part_of(sorting.size(), options);
  if (!sorting.sort(call.db, options.order, part, expired_until_ms))
    return call.reply.error(kNotANumber);
  if (!options.target) {
    return (void)call.reply_first([&] { answer(call, sorting, part, options, expired_until_ms); });
  }
  store(call, *options.target, gather(call, sorting, part, options, expired_until_ms, settings),
        *evictor);
}

void sort(Call& call, types::Settings& settings, Guard& guard, eviction::Evictor& evictor) {
  run(call, settings, guard, &evictor);
}

void sort_ro(Call& call, types::Settings& settings, Guard& guard) {
  run(call, settings, guard, nullptr);
}

}  // namespace

std::span<const engine::Command> generic_sort() {
  // The keys of patterns depend on the elements, and STORE may be at any position.
  static constexpr KeySpec kOfPatterns{.flags = kRO | kAccess};
  static constexpr KeySpec kTarget{.flags = kOW | kUpdate};
  static constexpr Command kCommands[] = {
      {.name = "sort",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kWrites | kGrows | kMovableKeys,
       .categories = kDangerous | kSortable,
       .keys = {KeySpec::one(1, kRO | kAccess), kOfPatterns, kTarget},
       .unspecified_key = target_position,
       .handler = Handler::of<commands::sort>(),
       .since = "1.0.0",
       .summary = "Sorts the elements of a list, set or sorted set, and returns or stores them.",
       .complexity = "O(N*log(N)) where N is the number of elements, O(N) when nothing is sorted",
       .arguments = "key:key#0 pattern:pattern#1@BY? offset_count:block@LIMIT?(offset:integer "
                    "count:integer) pattern:pattern#1@GET?*+ order:oneof?(asc:pure-token@ASC "
                    "desc:pure-token@DESC) sorting:pure-token@ALPHA? destination:key#2@STORE?"},
      {.name = "sort_ro",
       .family = Family::generic,
       .arity = at_least(2),
       .flags = kReads | kMovableKeys,
       .categories = kDangerous | kSortable,
       .keys = {KeySpec::one(1, kRO | kAccess), kOfPatterns},
       .handler = Handler::of<sort_ro>(),
       .since = "7.0.0",
       .summary = "Sorts the elements of a list, set or sorted set, and returns them.",
       .complexity = "O(N*log(N)) where N is the number of elements, O(N) when nothing is sorted",
       .arguments = "key:key#0 pattern:pattern#1@BY? offset_count:block@LIMIT?(offset:integer "
                    "count:integer) pattern:pattern#1@GET?*+ order:oneof?(asc:pure-token@ASC "
                    "desc:pure-token@DESC) sorting:pure-token@ALPHA?"},
  };
  return kCommands;
}

}  // namespace larder::commands
