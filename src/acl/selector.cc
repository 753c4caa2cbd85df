#include "larder/acl/selector.h"

#include <algorithm>

#include "channels.h"
#include "larder/base/glob.h"

namespace larder::acl {
namespace {

using engine::Denied;

std::uint8_t permissions_for(std::uint32_t key_flags) {
  std::uint8_t needed = 0;
  if ((key_flags & engine::kAccess) != 0) needed |= kMayRead;
  if ((key_flags & (engine::kInsert | engine::kDelete | engine::kUpdate)) != 0) needed |= kMayWrite;
  return needed;
}

std::string_view sign(std::uint8_t permissions) {
  if (permissions == kMayRead) return "%R~";
  return permissions == kMayWrite ? "%W~" : "~";
}

void append(std::string& text, std::string_view sign, std::string_view word) {
  if (!text.empty()) text += ' ';
  text += sign;
  text += word;
}

}  // namespace

const engine::KeySpans& Request::keys() {
  if (!keys_) keys_ = engine::find_key_spans(*command_.row, args_).value_or(engine::KeySpans{});
  return *keys_;
}

RuleError Selector::apply(const Rule& rule, const engine::CommandTable& table) {
  using Kind = Rule::Kind;
  switch (rule.kind) {
    case Kind::all_keys:
    case Kind::reset_keys:
      all_keys_ = rule.kind == Kind::all_keys;
      keys_.clear();
      return RuleError::none;
    case Kind::keys:
      return add_keys(rule);
    case Kind::all_channels:
    case Kind::reset_channels:
      all_channels_ = rule.kind == Kind::all_channels;
      channels_.clear();
      return RuleError::none;
    case Kind::channels:
      return add_channels(rule);
    default:
      return commands_.apply(rule, table);
  }
}

RuleError Selector::add_keys(const Rule& rule) {
  if (all_keys_) return RuleError::keys_after_all;
  if (rule.permissions == 0) return RuleError::syntax;
  for (KeyPattern& known : keys_) {
    if (std::string_view(known.pattern) != rule.text) continue;
    known.permissions |= rule.permissions;
    return RuleError::none;
  }
  keys_.push_back({Text(rule.text), rule.permissions});
  return RuleError::none;
}

RuleError Selector::add_channels(const Rule& rule) {
  if (all_channels_) return RuleError::channels_after_all;
  if (has_blanks(rule.text)) return RuleError::syntax;
  const auto is_known = [&rule](const Text& known) { return std::string_view(known) == rule.text; };
  if (std::none_of(channels_.begin(), channels_.end(), is_known)) {
    channels_.emplace_back(rule.text);
  }
  return RuleError::none;
}

bool Selector::admits_command(const engine::BoundCommand& command, resp::Args args) const {
  return commands_.all() || command.row->has(engine::kNoAuth) || commands_.admits(command, args);
}

bool Selector::admits_key(std::string_view key, std::uint8_t permissions) const {
  if (all_keys_) return true;
  return std::any_of(keys_.begin(), keys_.end(), [&](const KeyPattern& known) {
    return (known.permissions & permissions) == permissions && base::match_glob(known.pattern, key);
  });
}

bool Selector::may_read_all_keys() const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [](const KeyPattern& known) {
           return std::string_view(known.pattern) == "*" && (known.permissions & kMayRead) != 0;
         });
}

std::optional<std::size_t> Selector::refused_key(Request& request) const {
  if (all_keys_ || !engine::names_keys(*request.command().row)) return std::nullopt;
  std::optional<std::size_t> refused;
  engine::for_each_key(request.keys(), [&](std::size_t position, std::uint32_t flags) {
    const bool admitted = admits_key(request.args()[position], permissions_for(flags));
    if (!admitted) refused = position;
    return admitted;
  });
  return refused;
}

bool admits_channel(const List<Text>& admitted, std::string_view channel, bool is_pattern) {
  return std::any_of(admitted.begin(), admitted.end(), [&](const Text& known) {
    return is_pattern ? std::string_view(known) == channel : base::match_glob(known, channel);
  });
}

std::optional<std::size_t> Selector::refused_channel(const Request& request) const {
  if (all_channels_) return std::nullopt;
  const ChannelArguments found = channel_arguments(*request.command().row, request.args());
  for (std::size_t at = found.first; at < found.end; ++at) {
    if (!admits_channel(channels_, request.args()[at], found.patterns)) return at;
  }
  return std::nullopt;
}

Verdict Selector::check(Request& request) const {
  if (!admits_command(request.command(), request.args())) return {Denied::command, 0};
  if (const auto key = refused_key(request)) return {Denied::key, *key};
  if (const auto channel = refused_channel(request)) return {Denied::channel, *channel};
  return {};
}

std::string Selector::keys_text() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& known : keys_) append(text, sign(known.permissions), known.pattern);
  return text;
}

std::string Selector::channels_text() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const Text& known : channels_) append(text, "&", known);
  return text;
}

std::string Selector::text() const {
  std::string text = keys_text();
  if (!all_channels_) append(text, "", "resetchannels");
  const std::string channels = channels_text();
  if (!channels.empty()) append(text, "", channels);
  append(text, "", commands_text());
  return text;
}

std::size_t Selector::held_bytes() const {
  std::size_t bytes = commands_.held_bytes() + acl::held_bytes(keys_) + acl::held_bytes(channels_);
  for (const KeyPattern& known : keys_) bytes += acl::held_bytes(known.pattern);
  for (const Text& known : channels_) bytes += acl::held_bytes(known);
  return bytes;
}

}  // namespace larder::acl
