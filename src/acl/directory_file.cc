// Users from the configuration and from files, and back.

#include <algorithm>
#include <map>
#include <stdexcept>

#include "larder/acl/directory.h"
#include "larder/base/text.h"
#include "larder/config/file.h"
#include "larder/config/line.h"
#include "larder/config/registry.h"
#include "user_file.h"

namespace larder::acl {
namespace {

using UserLines = std::span<const config::Lines::Line>;

// `line` has only the rule `reset`, and one of the lines before it has the same user.
bool is_removal(UserLines before, const config::Lines::Line& line) {
  if (line.size() != 2 || !base::equals_ignoring_case(line[1], "reset")) return false;
  if (line.front() == Directory::kDefault) return false;
  return std::any_of(before.begin(), before.end(), [&](const config::Lines::Line& other) {
    return other.front() == line.front();
  });
}

}  // namespace

void Directory::load_configured() {
  const auto& configured = parts_.settings.user.value();
  if (has_file() && !configured.empty()) {
    throw std::runtime_error(
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file "
        "path is invalid. This setup is very likely to lead to configuration errors and security "
        "holes, please define either an ACL file or declare users directly in your redis.conf, but "
        "not both.");
  }
  for (std::size_t i = 0; i < configured.size(); ++i) configure(i);
  if (!has_file()) return;
  if (const auto loaded = load_from_file(nullptr); !loaded) {
    throw std::runtime_error("Aborting Redis startup because of ACL errors: " +
                             loaded.error().text);
  }
}

void Directory::configure(std::size_t number) {
  const config::Lines& lines = parts_.settings.user;
  const config::Lines::Line& line = lines.value()[number];
  const std::string& name = line.front();
  const auto refuse = [&](const std::string& word, std::string_view reason) {
    throw config::BadLine(parts_.settings.registry().report(
        lines, number, "Error in user declaration '" + word + "': " + std::string(reason)));
  };
  if (has_blanks(name)) refuse(name, "Spaces not allowed in ACL usernames");
  User* user = find_mutable(name);
  if (is_removal(UserLines(lines.value()).first(number), line)) {
    if (user != nullptr) user->closes = Closes::all;
    return drop_removed();
  }
  if (user == nullptr) user = &add(make_user(name));
  user->powers = Powers(context());
  for (const std::string& rule : join_selectors(std::span(line).subspan(1)).words) {
    const RuleError error = user->powers.apply(rule, context());
    if (error != RuleError::none) refuse(rule, text(error));
  }
  if (user->powers.enabled()) return;
  parts_.log.notice("The user '" + name +
                    "' is disabled (there is no 'on' modifier in the user description). Make sure "
                    "this is not a configuration error.");
}

base::Result<void> Directory::load(const engine::Session& asking) {
  return load_from_file(&asking);
}

base::Result<void> Directory::load_from_file(const engine::Session* asking) {
  const std::string& path = parts_.settings.aclfile.value();
  const auto content = config::read_file(path);
  if (!content) {
    return base::Error{"Error loading ACLs, opening file '" + path + "': " + content.error().text};
  }
  auto users = read_users(path, content.value(), context());
  if (!users) return users.error();
  replace_all(std::move(users.value()), asking);
  return {};
}

// A user with the same name stays the same object, so its sessions keep their user.
void Directory::replace_all(std::vector<FileUser> fresh, const engine::Session* asking) {
  std::sort(fresh.begin(), fresh.end(),
            [](const FileUser& one, const FileUser& other) { return one.name < other.name; });
  for (const Owned& user : users_) {
    const auto next = std::lower_bound(
        fresh.begin(), fresh.end(), user->name,
        [](const FileUser& each, std::string_view name) { return each.name < name; });
    if (next != fresh.end() && next->name == user->name) {
      change_powers(*user, std::move(next->powers));
    } else if (user.get() == default_) {
      change_powers(*user, all_powers());
    } else {
      user->closes = Closes::all;
    }
  }
  settle_all(asking);
  for (FileUser& each : fresh) {
    if (find(each.name) == nullptr) add(make_user(each.name)).powers = std::move(each.powers);
  }
}

base::Result<void> Directory::save() const {
  std::string content;
  for (const std::string& line : lines()) content += line + "\n";
  const auto saved = config::replace_file(parts_.settings.aclfile.value(), content);
  if (saved) return {};
  parts_.log.warning("Saving the ACL file: " + saved.error().text);
  return base::Error{
      "There was an error trying to save the ACLs. Please check the server logs for more "
      "information"};
}

std::vector<std::string> Directory::lines() const {
  std::vector<std::string> written;
  for (const Owned& user : users_) written.push_back(line_of(*user));
  return written;
}

std::string Directory::line_of(const User& user, std::string_view first_rule) {
  std::string line = "user " + std::string(user.name) + " ";
  if (!first_rule.empty()) line += std::string(first_rule) + " ";
  return line + user.powers.text();
}

// A user that is equal to the line of an included file needs no line. A deleted user of an included
// file would exist again; it gets a line with only the rule `reset`, which removes it.
std::vector<std::string> Directory::lines_after(
    const std::vector<config::Lines::Line>& inherited) const {
  // The permissions of each user after the included lines; empty if it was removed.
  std::map<std::string_view, std::string> before;
  for (std::size_t i = 0; i < inherited.size(); ++i) {
    const config::Lines::Line& line = inherited[i];
    const bool removed = is_removal(UserLines(inherited).first(i), line);
    before[line.front()] = removed ? std::string() : powers_text(line);
  }
  std::vector<std::string> written;
  for (const Owned& user : users_) {
    const auto found = before.find(user->name);
    if (found == before.end()) {
      written.push_back(line_of(*user));
    } else if (found->second != user->powers.text()) {
      written.push_back(line_of(*user, "reset"));
    }
  }
  for (const auto& [name, powers] : before) {
    const bool returns = !powers.empty() && find(name) == nullptr;
    if (returns) written.push_back("user " + std::string(name) + " reset");
  }
  return written;
}

// The permissions of a user with this line, as ACL LIST shows them; empty if the line has errors.
std::string Directory::powers_text(const config::Lines::Line& line) const {
  Powers powers(context());
  for (const std::string& rule : join_selectors(std::span(line).subspan(1)).words) {
    if (powers.apply(rule, context()) != RuleError::none) return {};
  }
  return powers.text();
}

}  // namespace larder::acl
