// Users from the configuration and from files, and back.

#include <algorithm>
#include <stdexcept>

#include "larder/acl/directory.h"
#include "larder/config/file.h"
#include "larder/config/line.h"
#include "user_file.h"

namespace larder::acl {

void Directory::load_configured() {
  const auto& configured = parts_.settings.user.value();
  if (has_file() && !configured.empty()) {
    throw std::runtime_error(
        "Configuring Redis with users defined in redis.conf and at the same setting an ACL file "
        "path is invalid. This setup is very likely to lead to configuration errors and security "
        "holes, please define either an ACL file or declare users directly in your redis.conf, but "
        "not both.");
  }
  for (const config::Lines::Line& line : configured) configure(line);
  if (!has_file()) return;
  if (const auto loaded = load_from_file(nullptr); !loaded) {
    throw std::runtime_error("Aborting Redis startup because of ACL errors: " +
                             loaded.error().text);
  }
}

void Directory::configure(const config::Lines::Line& line) {
  const std::string& name = line.front();
  if (has_blanks(name)) throw std::runtime_error("Spaces not allowed in ACL usernames");
  User* user = find_mutable(name);
  if (user == nullptr) user = &add(make_user(name));
  user->powers = Powers(context());
  for (const std::string& rule : join_selectors(std::span(line).subspan(1)).words) {
    const RuleError error = user->powers.apply(rule, context());
    if (error == RuleError::none) continue;
    throw std::runtime_error("Error while parsing ACL rule '" + rule + "' for the user '" + name +
                             "': " + std::string(text(error)));
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
  replace_all(users.value(), asking);
  return {};
}

// Users of the same name stay the same objects, as which their sessions go on to act.
void Directory::replace_all(std::vector<FileUser>& fresh, const engine::Session* asking) {
  std::vector<User*> gone;
  for (const Owned& user : users_) {
    const auto next = std::find_if(fresh.begin(), fresh.end(), [&user](const FileUser& each) {
      return each.name == user->name;
    });
    if (next != fresh.end()) {
      change_powers(*user, std::move(next->powers), asking);
    } else if (user.get() == default_) {
      change_powers(*user, all_powers(), asking);
    } else {
      gone.push_back(user.get());
    }
  }
  for (User* user : gone) drop(*user, asking);
  for (FileUser& each : fresh) {
    if (find(each.name) == nullptr) add(make_user(each.name)).powers = std::move(each.powers);
  }
  settle_all();
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
  for (const Owned& user : users_) {
    written.push_back("user " + std::string(user->name) + " " + user->powers.text());
  }
  return written;
}

}  // namespace larder::acl
