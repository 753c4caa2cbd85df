#include <unordered_set>

#include "../item_bytes.h"
#include "../string/string_reply.h"
#include "larder/base/text.h"
#include "larder/engine/arg_reader.h"
#include "larder/engine/command.h"
#include "open_hash.h"

namespace larder::commands {
namespace {

using namespace engine;

// Below this share of the fields, picking at random and dropping repeats beats a walk over all.
constexpr std::uint64_t kSparse = 3;

struct RandomFieldsRequest {
  std::int64_t count = 0;  // negative: that many, repeats allowed
  bool values = false;
};

// The form of the reply.
struct Picks {
  Call& call;
  const types::Hash& hash;
  base::Rng& rng;
  std::int64_t now_ms;
  bool values;

  void reply(const types::String& name, const types::String& value) const {
    if (values && call.reply.resp3()) call.reply.array(2);
    reply_string(call.reply, name);
    if (values) reply_string(call.reply, value);
  }
  // RESP2 has one flat array of fields and values.
  void begin(std::uint64_t fields) const {
    call.reply.array(values && !call.reply.resp3() ? 2 * fields : fields);
  }
};

void reply_with_repeats(const Picks& picks, std::uint64_t count, std::uint64_t least_bytes) {
  picks.begin(count);
  picks.call.reply.expect_items(count, least_bytes);
  for (std::uint64_t i = 0; i < count && !picks.call.reply.drops(); ++i) {
    const auto pick = picks.hash.random(picks.rng, picks.now_ms);
    picks.reply(pick->first, pick->second);
  }
}

// Each field that a walk meets is taken with the probability that fills the answer in the end.
void reply_by_walk(const Picks& picks, std::uint64_t count, std::uint64_t size) {
  picks.begin(count);
  std::uint64_t ahead = size;
  std::uint64_t wanted = count;
  picks.hash.for_each(picks.now_ms, [&](const types::String& name, const types::String& value) {
    if (picks.call.reply.drops() || picks.rng.below(ahead--) >= wanted) return;
    --wanted;
    picks.reply(name, value);
  });
}

// Only for tables: fields are distinguished by the address of their views.
void reply_by_picking(const Picks& picks, std::uint64_t count) {
  std::unordered_set<const char*, std::hash<const char*>, std::equal_to<>,
                     memory::Allocator<const char*, memory::Owner::runtime>>
      taken;
  types::String::Scratch unused;
  picks.begin(count);
  while (taken.size() < count && !picks.call.reply.drops()) {
    const auto pick = picks.hash.random(picks.rng, picks.now_ms);
    if (taken.insert(pick->first.text(unused).data()).second)
      picks.reply(pick->first, pick->second);
  }
}

void reply_distinct(const Picks& picks, std::uint64_t count) {
  const std::uint64_t size = picks.hash.live_size(picks.now_ms);
  if (count > size) count = size;
  if (picks.hash.table() != nullptr && count * kSparse < size) {
    reply_by_picking(picks, count);
  } else {
    reply_by_walk(picks, count, size);
  }
}

// False if an argument is wrong; the error has been sent.
bool read(Call& call, RandomFieldsRequest& request) {
  constexpr std::int64_t kMost = INT64_MAX;
  const auto count = base::parse_int64(call.arg(2));
  if (!count) {
    call.reply.error(errors::kNotAnInteger);
    return false;
  }
  if (*count < -kMost) {
    call.reply.error(
        "ERR value is out of range, value must between -9223372036854775807 and "
        "9223372036854775807");
    return false;
  }
  request.count = *count;
  if (call.size() == 3) return true;
  if (call.size() > 4 || !base::equals_ignoring_case(call.arg(3), "WITHVALUES")) {
    call.reply.error(errors::kSyntax);
    return false;
  }
  request.values = true;
  if (*count >= -(kMost / 2) && *count <= kMost / 2) return true;
  call.reply.error("ERR value is out of range");
  return false;
}

void reply_one(Call& call, const FoundHash& hash) {
  const auto pick = hash ? hash->random(call.rng(), call.expired_until_ms()) : std::nullopt;
  pick ? reply_string(call.reply, pick->first) : call.reply.null();
}

void hrandfield(Call& call) {
  RandomFieldsRequest request;
  if (call.size() > 2 && !read(call, request)) return;
  const auto hash = find_hash(call);
  if (hash.wrong_type()) return call.reply.error(errors::kWrongType);
  if (call.size() == 2) return reply_one(call, hash);
  const std::int64_t now_ms = call.expired_until_ms();
  if (!hash || request.count == 0 || !hash->random(call.rng(), now_ms)) {
    return call.reply.array(0);
  }
  const Picks picks{call, *hash, call.rng(), now_ms, request.values};
  if (request.count < 0) {
    reply_with_repeats(picks, static_cast<std::uint64_t>(-request.count),
                       request.values ? least_item_bytes(hash) : 0);
  } else {
    reply_distinct(picks, static_cast<std::uint64_t>(request.count));
  }
}

}  // namespace

std::span<const engine::Command> hash_hrandfield() {
  static constexpr Command kCommands[] = {
      {.name = "hrandfield",
       .family = Family::hash,
       .arity = at_least(2),
       .flags = kReads,
       .keys = {KeySpec::one(1, kRO | kAccess)},
       .handler = Handler::of<hrandfield>(),
       .since = "6.2.0",
       .summary = "Returns random fields of a hash.",
       .complexity = "O(N) for N fields returned",
       .arguments = "key:key#0 "
                    "options:block?(count:integer withvalues:pure-token@WITHVALUES?)",
       .tips = "nondeterministic_output"},
  };
  return kCommands;
}

}  // namespace larder::commands
