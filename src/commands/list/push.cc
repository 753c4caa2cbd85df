#include "ends.h"
#include "larder/engine/command.h"

namespace larder::commands {
namespace {

using namespace engine;

enum class Missing : std::uint8_t { made, refused };

template <ListEnd kTo, Missing kMissing>
void push(Call& call, types::Settings& settings) {
  const auto list = call.db.find<types::List>(call.key, keyspace::Look::write);
  if (list.wrong_type()) return call.reply.error(errors::kWrongType);
  if (!list && kMissing == Missing::refused) return call.reply.integer(0);
  const auto limits = types::ListLimits::of(settings);
  const auto elements = call.args.subspan(2);
  std::size_t bytes = 0;
  for (const std::string_view element : elements) bytes += element.size();
  keyspace::Edit<types::List> edit(call.db, call.key, list.entry(), events::push(kTo));
  edit->admit(limits, bytes, elements.size());
  for (const std::string_view element : elements) edit->push(limits, kTo, element);
  edit.count(elements.size());
  call.reply.integer(static_cast<std::int64_t>(edit->size()));
}

constexpr std::uint32_t kPushFlags = kWrites | kGrows | kFast;
constexpr std::string_view kCost = "O(1) for each element added";
constexpr std::string_view kSyntax = "key:key#0 element:string*";

}  // namespace

std::span<const engine::Command> list_push() {
  static constexpr Command kCommands[] = {
      {.name = "lpush",
       .family = Family::list,
       .arity = at_least(3),
       .flags = kPushFlags,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<push<ListEnd::head, Missing::made>>(),
       .since = "1.0.0",
       .summary = "Inserts elements at the front of a list, which may be new.",
       .complexity = kCost,
       .arguments = kSyntax},
      {.name = "lpushx",
       .family = Family::list,
       .arity = at_least(3),
       .flags = kPushFlags,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<push<ListEnd::head, Missing::refused>>(),
       .since = "2.2.0",
       .summary = "Inserts elements at the front of a list that exists.",
       .complexity = kCost,
       .arguments = kSyntax},
      {.name = "rpush",
       .family = Family::list,
       .arity = at_least(3),
       .flags = kPushFlags,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<push<ListEnd::tail, Missing::made>>(),
       .since = "1.0.0",
       .summary = "Appends elements to a list, which may be new.",
       .complexity = kCost,
       .arguments = kSyntax},
      {.name = "rpushx",
       .family = Family::list,
       .arity = at_least(3),
       .flags = kPushFlags,
       .keys = {KeySpec::one(1, kRW | kInsert)},
       .handler = Handler::of<push<ListEnd::tail, Missing::refused>>(),
       .since = "2.2.0",
       .summary = "Appends elements to a list that exists.",
       .complexity = kCost,
       .arguments = kSyntax},
  };
  return kCommands;
}

}  // namespace larder::commands
