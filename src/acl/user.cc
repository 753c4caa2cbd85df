#include "larder/acl/user.h"

#include <algorithm>

#include "larder/base/words.h"

namespace larder::acl {

using engine::Denied;
using Kind = Rule::Kind;

Powers::Powers(const RuleContext& context) { reset(context); }

void Powers::reset(const RuleContext& context) {
  enabled_ = false;
  needs_password_ = true;
  skips_sanitizing_ = false;
  passwords_.clear();
  selectors_.clear();
  selectors_.emplace_back();
  if (context.all_channels_for_new) {
    selectors_.front().apply({.kind = Kind::all_channels}, context.commands);
  }
}

RuleError Powers::apply(std::string_view word, const RuleContext& context) {
  if (word.empty()) return RuleError::none;
  const Rule rule = read_rule(word);
  switch (rule.kind) {
    case Kind::on:
    case Kind::off:
      enabled_ = rule.kind == Kind::on;
      return RuleError::none;
    case Kind::sanitize:
    case Kind::skip_sanitize:
      skips_sanitizing_ = rule.kind == Kind::skip_sanitize;
      return RuleError::none;
    case Kind::no_password:
    case Kind::reset_passwords:
      needs_password_ = rule.kind == Kind::reset_passwords;
      passwords_.clear();
      return RuleError::none;
    case Kind::add_password:
    case Kind::add_hash:
    case Kind::remove_password:
    case Kind::remove_hash:
      return change_passwords(rule);
    case Kind::selector:
      return add_selector(rule.text, context);
    case Kind::clear_selectors:
      selectors_.erase(selectors_.begin() + 1, selectors_.end());
      return RuleError::none;
    case Kind::reset:
      reset(context);
      return RuleError::none;
    default:
      return selectors_.front().apply(rule, context.commands);
  }
}

RuleError Powers::change_passwords(const Rule& rule) {
  const bool is_hash = rule.kind == Kind::add_hash || rule.kind == Kind::remove_hash;
  const auto hash = is_hash ? parse_hash(rule.text) : hash_password(rule.text);
  if (!hash) return RuleError::bad_hash;
  const auto known = std::find_if(passwords_.begin(), passwords_.end(),
                                  [&](const PasswordHash& each) { return each.equals(*hash); });
  if (rule.kind == Kind::add_password || rule.kind == Kind::add_hash) {
    if (known == passwords_.end()) passwords_.push_back(*hash);
    needs_password_ = true;
    return RuleError::none;
  }
  if (known == passwords_.end()) return RuleError::no_such_password;
  passwords_.erase(known);
  return RuleError::none;
}

RuleError Powers::add_selector(std::string_view words, const RuleContext& context) {
  Selector selector;
  // Words with an open quote are none, as in Redis.
  for (const std::string& word : base::split_words(words).value_or(std::vector<std::string>{})) {
    const RuleError error = selector.apply(read_rule(word), context.commands);
    if (error != RuleError::none) return error;
  }
  selectors_.push_back(std::move(selector));
  return RuleError::none;
}

bool Powers::accepts(const PasswordHash& password) const {
  bool found = false;
  for (const PasswordHash& each : passwords_) found |= each.equals(password);
  return found || !needs_password_;
}

bool Powers::may_do_everything() const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [](const Selector& each) { return each.may_do_everything(); });
}

Verdict Powers::check(const engine::BoundCommand& command, resp::Args args) const {
  Request request(command, args);
  Verdict worst{Denied::command, 0};
  for (const Selector& selector : selectors_) {
    const Verdict verdict = selector.check(request);
    if (verdict.denied == Denied::nothing) return verdict;
    if (verdict.denied > worst.denied ||
        (verdict.denied == worst.denied && verdict.position > worst.position)) {
      worst = verdict;
    }
  }
  return worst;
}

bool Powers::may_read_all_keys(const engine::BoundCommand& command, resp::Args args) const {
  Request request(command, args);
  return std::any_of(selectors_.begin(), selectors_.end(), [&](const Selector& each) {
    return each.check(request).denied == Denied::nothing && each.may_read_all_keys();
  });
}

std::string Powers::text() const {
  std::string text = enabled_ ? "on " : "off ";
  if (!needs_password_) text += "nopass ";
  text += skips_sanitizing_ ? "skip-sanitize-payload " : "sanitize-payload ";
  for (const PasswordHash& each : passwords_) text += "#" + each.text() + " ";
  text += selectors_.front().text();
  for (std::size_t i = 1; i < selectors_.size(); ++i) text += " (" + selectors_[i].text() + ")";
  return text;
}

std::size_t Powers::held_bytes() const {
  std::size_t bytes = acl::held_bytes(passwords_) + acl::held_bytes(selectors_);
  for (const Selector& each : selectors_) bytes += each.held_bytes();
  return bytes;
}

bool loses_channels(const Powers& before, const Powers& after) {
  const auto& now = after.selectors();
  const auto has_all = [](const Selector& each) { return each.all_channels(); };
  if (std::any_of(now.begin(), now.end(), has_all)) return false;
  const auto is_kept = [&now](const Text& channel) {
    return std::any_of(now.begin(), now.end(), [&channel](const Selector& each) {
      const auto& kept = each.channels();
      return std::find(kept.begin(), kept.end(), channel) != kept.end();
    });
  };
  return std::any_of(before.selectors().begin(), before.selectors().end(),
                     [&](const Selector& each) {
                       return each.all_channels() ||
                              !std::all_of(each.channels().begin(), each.channels().end(), is_kept);
                     });
}

}  // namespace larder::acl
