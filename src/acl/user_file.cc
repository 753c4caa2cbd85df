#include "user_file.h"

#include <set>
#include <span>

#include "larder/config/file.h"
#include "larder/config/line.h"

namespace larder::acl {
namespace {

class Reading {
 public:
  Reading(const std::string& path, const RuleContext& context) : path_(path), context_(context) {}

  void take(std::size_t number, const std::string& line) {
    number_ = number;
    const std::vector<std::string> words = config::split_spaces(line);
    if (words.size() < 2 || words[0] != "user")
      return fail("line should start with user keyword. ");
    const std::string& name = words[1];
    if (has_blanks(name)) {
      return fail("username '" + name + "' contains invalid characters. ");
    }
    if (names_.contains(name)) {
      errors_ +=
          "WARNING: Duplicate user '" + name + "' found on line " + std::to_string(number_) + ". ";
      return;
    }
    const RuleWords rules = join_selectors(std::span(words).subspan(2));
    if (rules.unclosed) return fail("Unmatched parenthesis in selector definition.");
    names_.insert(name);
    users_.push_back({name, Powers(context_)});
    apply(rules.words, users_.back().powers);
  }

  base::Result<std::vector<FileUser>> finish() {
    if (errors_.empty()) return std::move(users_);
    return base::Error{errors_ +
                       "WARNING: ACL errors detected, no change to the previously active ACL rules "
                       "was performed"};
  }

 private:
  void fail(const std::string& what) {
    errors_ += path_ + ":" + std::to_string(number_) + ": " + what;
  }

  // All unknown commands are reported, but only the first of other errors: the others may be its
  // consequence.
  void apply(const std::vector<std::string>& rules, Powers& powers) {
    bool reported = false;
    for (const std::string& rule : rules) {
      const RuleError error = powers.apply(rule, context_);
      if (error == RuleError::no_such_command) {
        fail("Error in applying operation '" + rule + "': " + std::string(text(error)) + ". ");
      } else if (error != RuleError::none && !reported) {
        fail(std::string(text(error)) + ". ");
        reported = true;
      }
    }
  }

  const std::string& path_;
  const RuleContext& context_;
  std::size_t number_ = 0;
  std::vector<FileUser> users_;
  std::set<std::string> names_;
  std::string errors_;
};

}  // namespace

base::Result<std::vector<FileUser>> read_users(const std::string& path, std::string_view content,
                                               const RuleContext& context) {
  Reading reading(path, context);
  const std::vector<std::string> lines = config::trimmed_lines(content);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].empty()) reading.take(i + 1, lines[i]);
  }
  return reading.finish();
}

}  // namespace larder::acl
