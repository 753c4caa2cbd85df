#include "ends.h"

#include <algorithm>

namespace larder::commands {
namespace {

using namespace engine;

// A positive number, or the error.
std::optional<std::size_t> read_positive(Call& call, std::string_view text,
                                         std::string_view error) {
  const auto value = base::parse_int64(text);
  if (value && *value > 0) return static_cast<std::size_t>(*value);
  call.reply.error(error);
  return std::nullopt;
}

}  // namespace

void reply_from_end(resp::Writer& reply, const types::List& list, ListEnd end, std::size_t count) {
  auto cursor = at_end(list, end);
  for (; count > 0 && !reply.drops(); --count) {
    reply_string(reply, cursor.get());
    end == ListEnd::head ? cursor.next() : cursor.previous();
  }
}

void take(keyspace::Database& db, const keyspace::Key& key, keyspace::Entry* entry,
          const types::ListLimits& limits, ListEnd end, std::size_t count) {
  keyspace::Edit<types::List> list(db, key, entry, events::pop(end));
  list->drop(end, count);
  list.count(count);
  list->compact(limits);
}

std::optional<PopRequest> read_pop_request(Call& call, std::size_t first) {
  const auto keys = read_positive(call, call.arg(first), "ERR numkeys should be greater than 0");
  if (!keys) return std::nullopt;
  if (*keys >= call.size() - first - 1) return call.reply.error(errors::kSyntax), std::nullopt;
  const std::size_t where = first + 1 + *keys;
  const auto end = read_end(call.arg(where));
  if (!end) return call.reply.error(errors::kSyntax), std::nullopt;
  PopRequest request{.keys = call.args.subspan(first + 1, *keys), .end = *end};
  ArgReader options(call, where + 1);
  for (bool counted = false; options.more(); counted = true) {
    if (counted || !options.option("COUNT")) {
      options.fail(errors::kSyntax);
      break;
    }
    const auto count = read_positive(call, options.text(), "ERR count should be greater than 0");
    if (!count) return std::nullopt;
    request.count = *count;
  }
  return options.failed() ? std::nullopt : std::optional(request);
}

Popped pop_first_list(Call& call, const types::ListLimits& limits, const PopRequest& request) {
  for (const std::string_view name : request.keys) {
    const auto key = keyspace::Key::of(name);
    const auto list = call.db.find<types::List>(key, keyspace::Look::write);
    if (list.wrong_type()) {
      call.reply.error(errors::kWrongType);
      return Popped::answered_error;
    }
    if (!list) continue;
    const std::size_t count = std::min(request.count, list->size());
    const auto reply = [&] {
      call.reply.array(2);
      call.reply.bulk(name);
      call.reply.array(count);
      reply_from_end(call.reply, *list, request.end, count);
    };
    if (!call.reply_removed(reply)) return Popped::lacks_room;
    take(call.db, key, list.entry(), limits, request.end, count);
    std::array<char, base::kInt64Chars> digits;
    call.propagate(
        {request.end == ListEnd::head ? "LPOP" : "RPOP", name, base::print_uint64(count, digits)});
    return Popped::some;
  }
  return Popped::nothing;
}

}  // namespace larder::commands
