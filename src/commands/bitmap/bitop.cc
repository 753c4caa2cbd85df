#include <vector>

#include "../room.h"
#include "../staged_keys.h"
#include "larder/base/text.h"
#include "larder/engine/call.h"
#include "larder/engine/command.h"
#include "larder/types/bits.h"

namespace larder::commands {
namespace {

using namespace engine;
using types::bits::Operation;

template <typename T>
using Values = std::vector<T, memory::Allocator<T, memory::Owner::runtime>>;

std::optional<Operation> parse_operation(std::string_view text) {
  if (base::equals_ignoring_case(text, "AND")) return Operation::conjunction;
  if (base::equals_ignoring_case(text, "OR")) return Operation::disjunction;
  if (base::equals_ignoring_case(text, "XOR")) return Operation::exclusive;
  if (base::equals_ignoring_case(text, "NOT")) return Operation::negation;
  return std::nullopt;
}

// The source strings; those stored as numbers are printed, so this stays where it is.
class Sources {
 public:
  explicit Sources(std::size_t count) : scratches_(count) { texts_.reserve(count); }

  void add(const types::String* value) {
    types::String::Scratch& scratch = scratches_[texts_.size()];
    texts_.push_back(value != nullptr ? value->text(scratch) : std::string_view());
    longest_ = std::max(longest_, texts_.back().size());
  }

  std::span<const std::string_view> texts() const { return texts_; }
  std::size_t longest() const { return longest_; }

 private:
  Values<types::String::Scratch> scratches_;
  Values<std::string_view> texts_;
  std::size_t longest_ = 0;
};

// False if a key holds another type; the error has been sent.
bool read(Call& call, Sources& sources) {
  bool wrong_type = false;
  for_each_key(call, 3, 1, [&](const keyspace::Key& key, std::size_t) {
    if (wrong_type) return;
    const auto value = call.db.find<types::String>(key);
    wrong_type = value.wrong_type();
    sources.add(value ? &*value : nullptr);
  });
  if (wrong_type) call.reply.error(errors::kWrongType);
  return !wrong_type;
}

void store(Call& call, Operation operation, const Sources& sources) {
  const std::size_t size = sources.longest();
  if (size == 0) {
    call.db.erase(call.key);
  } else {
    char* result = call.db.put_unwritten(call.key, size, keyspace::Event::set);
    types::bits::combine(operation, sources.texts(), result, size);
  }
  call.reply.integer(static_cast<std::int64_t>(size));
}

void bitop(Call& call, eviction::Evictor& evictor) {
  const auto operation = parse_operation(call.arg(1));
  if (!operation) return call.reply.error(errors::kSyntax);
  if (*operation == Operation::negation && call.size() != 4) {
    return call.reply.error("ERR BITOP NOT must be called with a single source key.");
  }
  Sources sources(call.size() - 3);
  if (!read(call, sources)) return;
  if (!grows_much(0, sources.longest())) return store(call, *operation, sources);
  if (!has_room_for_string(call, evictor, 0, sources.longest())) return;
  // Making room may have evicted some of them.
  Sources kept(call.size() - 3);
  if (read(call, kept)) store(call, *operation, kept);
}

}  // namespace

std::span<const engine::Command> bitmap_bitop() {
  static constexpr Command kCommands[] = {
      {.name = "bitop",
       .family = Family::bitmap,
       .arity = at_least(4),
       .flags = kWrites | kGrows,
       .keys = {KeySpec::one(2, kOW | kUpdate), KeySpec::range(3, -1, 1, kRO | kAccess)},
       .handler = Handler::of<bitop>(),
       .since = "2.6.0",
       .summary = "Stores the AND, OR or XOR of several strings, or the NOT of one.",
       .complexity = "O(N) for N bytes in all",
       .arguments = "operation:oneof(and:pure-token@AND or:pure-token@OR xor:pure-token@XOR "
                    "not:pure-token@NOT) destkey:key#0 key:key#1*"},
  };
  return kCommands;
}

}  // namespace larder::commands
