#include "larder/engine/keys.h"

#include <algorithm>

#include "larder/base/assert.h"
#include "larder/base/numbers.h"
#include "larder/base/text.h"

namespace larder::engine {
namespace {

constexpr std::uint32_t kNotActions = kNotKey | kIncomplete | kVariableFlags | kUnlessNamed;

// The position after a keyword; the search begins at `first`, backwards if it is negative.
std::optional<int> after_keyword(const KeySpec& spec, resp::Args args) {
  const int count = static_cast<int>(args.size());
  const int from = spec.first > 0 ? spec.first : count + spec.first;
  const int step = spec.first > 0 ? 1 : -1;
  for (int i = from; i > 0 && i < count; i += step) {
    if (base::equals_ignoring_case(args[static_cast<std::size_t>(i)], spec.keyword)) return i + 1;
  }
  return std::nullopt;
}

struct Span {
  int first;
  int last;
};

std::optional<Span> counted_span(const KeySpec& spec, resp::Args args, int begin) {
  const int count = static_cast<int>(args.size());
  const int at = begin + spec.keynum_index;
  if (at >= count) return std::nullopt;
  const auto keys = base::parse_int64(args[static_cast<std::size_t>(at)]);
  if (!keys || *keys < 0 || *keys > count) return std::nullopt;
  const int first = begin + spec.keynum_first;
  return Span{first, first + (static_cast<int>(*keys) - 1) * spec.step};
}

Span ranged_span(const KeySpec& spec, int count, int begin) {
  if (spec.last >= 0) return {begin, begin + spec.last};
  if (spec.limit <= 1) return {begin, count + spec.last};
  return {begin, begin + (count - begin) / spec.limit + spec.last};
}

// Adds the keys of one specification; false when the arguments do not fit it.
bool add_span(const KeySpec& spec, resp::Args args, std::uint32_t flags, KeySpans& found) {
  std::optional<int> begin = spec.first;
  if (spec.begin == KeySpec::Begin::keyword) begin = after_keyword(spec, args);
  if (!begin) return true;
  const int count = static_cast<int>(args.size());
  const auto span = spec.find == KeySpec::Find::keynum ? counted_span(spec, args, *begin)
                                                       : ranged_span(spec, count, *begin);
  if (!span || span->last >= count) return false;
  found.spans[found.size++] = {span->first, span->last, spec.step, flags};
  return true;
}

// The keys whose position the command's own function finds, which its handler uses too; false if
// the arguments do not fit.
bool add_unspecified(const Command& command, resp::Args args, int at, KeySpans& found) {
  const auto spec = std::find_if(
      command.keys.rbegin(), command.keys.rend(),
      [](const KeySpec& one) { return one.begin != KeySpec::Begin::index && one.flags != 0; });
  LARDER_ASSERT(spec != command.keys.rend());
  const int count = static_cast<int>(args.size());
  const Span span = ranged_span(*spec, count, at);
  if (span.last >= count) return false;
  found.spans[found.size++] = {span.first, span.last, spec->step, spec->flags & ~kNotActions};
  return true;
}

int absolute_last(const KeySpec& spec) {
  return spec.last >= 0 ? spec.first + spec.last : spec.last;
}

bool is_plain_range(const KeySpec& spec) {
  return spec.begin == KeySpec::Begin::index && spec.find == KeySpec::Find::range;
}

}  // namespace

bool names_keys(const Command& command) {
  return std::any_of(command.keys.begin(), command.keys.end(), [](const KeySpec& spec) {
    return (spec.begin != KeySpec::Begin::none || spec.flags != 0) && (spec.flags & kNotKey) == 0;
  });
}

std::optional<KeySpans> find_key_spans(const Command& command, resp::Args args) {
  KeySpans found;
  const int unspecified =
      command.unspecified_key == nullptr ? 0 : static_cast<int>(command.unspecified_key(args));
  for (const KeySpec& spec : command.keys) {
    if (spec.begin == KeySpec::Begin::none || (spec.flags & kNotKey) != 0) continue;
    if ((spec.flags & kUnlessNamed) != 0 && unspecified != 0) continue;
    if (spec.begin == KeySpec::Begin::keyword && command.unspecified_key != nullptr) continue;
    std::uint32_t flags = spec.flags & ~kNotActions;
    if ((spec.flags & kVariableFlags) != 0 && command.key_flags != nullptr) {
      flags = command.key_flags(args);
    }
    if (!add_span(spec, args, flags, found)) return std::nullopt;
  }
  if (unspecified != 0 && !add_unspecified(command, args, unspecified, found)) return std::nullopt;
  return found;
}

std::optional<std::vector<FoundKey>> find_keys(const Command& command, resp::Args args) {
  const auto spans = find_key_spans(command, args);
  if (!spans) return std::nullopt;
  std::vector<FoundKey> found;
  for_each_key(*spans, [&found](std::size_t position, std::uint32_t flags) {
    found.push_back({position, flags});
    return true;
  });
  return found;
}

KeyRange key_range(const Command& command) {
  KeyRange range;
  bool alone = true;
  for (const KeySpec& spec : command.keys) {
    if (!is_plain_range(spec)) continue;
    if (range.first == 0) {
      range = {spec.first, absolute_last(spec), spec.step};
      alone = true;
      continue;
    }
    // Adjacent ranges of single steps form one range.
    if (spec.step != 1 || range.step != 1 || spec.first != range.last + 1 || !alone) continue;
    range.last = absolute_last(spec);
    alone = range.last > 0;
  }
  return range;
}

}  // namespace larder::engine
