// Files, standard input and options: line by line into the directives.

#include <filesystem>

#include "include.h"
#include "larder/base/text.h"
#include "larder/base/words.h"
#include "larder/config/file.h"
#include "larder/config/line.h"
#include "larder/config/registry.h"

namespace larder::config {

namespace {

base::Result<std::string> read_or_explain(const std::string& path) {
  auto text = read_file(path);
  if (text) return text;
  return base::Error{"Fatal error, can't open config file '" + path + "': " + text.error().text};
}

}  // namespace

class Loader {
 public:
  explicit Loader(Registry& registry) : registry_(registry) {}

  base::Result<void> run(std::string_view text, int depth) {
    const std::vector<std::string> lines = trimmed_lines(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].empty() || lines[i][0] == '#') continue;
      if (auto taken = take({i + 1, lines[i]}, depth); !taken) {
        return is_reported_ ? taken : report({i + 1, lines[i]}, taken.error().text);
      }
    }
    return {};
  }

 private:
  base::Result<void> take(const Registry::Origin& line, int depth) {
    auto words = base::split_words(line.text);
    if (!words) return base::Error{"Unbalanced quotes in configuration line"};
    if (words->empty()) return {};
    const std::string name = (*words)[0];
    words->erase(words->begin());
    if (base::equals_ignoring_case(name, "include")) return include(*words, depth);
    Directive* directive = registry_.find(name);
    if (directive == nullptr) return base::Error{kUnknown};
    auto taken = directive->read_line(arguments_of(*directive, std::move(*words)));
    if (taken && directive->has(kFileOnly)) registry_.origins_[directive].push_back(line);
    return taken;
  }

  // `shutdown-on-sigterm "nosave force"` means the same as without the quotes.
  static std::vector<std::string> arguments_of(const Directive& directive,
                                               std::vector<std::string> words) {
    if (!directive.is_list() || words.size() != 1) return words;
    auto parts = base::split_words(words[0]);
    return parts && !parts->empty() ? std::move(*parts) : words;
  }

  base::Result<void> include(const std::vector<std::string>& words, int depth) {
    if (words.size() != 1) return base::Error{kUnknown};
    if (depth == kDeepestInclude) return base::Error{"Include files are nested too deeply"};
    for (const std::string& path : included_files(words[0], {})) {
      auto text = read_or_explain(path);
      if (!text) {
        is_reported_ = true;
        return text.error();
      }
      if (auto loaded = run(*text, depth + 1); !loaded) return loaded;
    }
    return {};
  }

  base::Error report(const Registry::Origin& line, const std::string& reason) {
    is_reported_ = true;
    return {registry_.report(line, reason)};
  }

  static constexpr const char* kUnknown = "Bad directive or wrong number of arguments";

  Registry& registry_;
  bool is_reported_ = false;  // the error in flight is the whole report already
};

std::string Registry::report(const Origin& origin, const std::string& reason) const {
  return "\n*** FATAL CONFIG FILE ERROR (" + product_ + ") ***\n" +
         "Reading the configuration file, at line " + std::to_string(origin.number) + "\n>>> '" +
         origin.text + "'\n" + reason + "\n";
}

std::string Registry::report(const Lines& directive, std::size_t line,
                             const std::string& reason) const {
  const auto found = origins_.find(&directive);
  if (found == origins_.end() || line >= found->second.size()) return reason;
  return report(found->second[line], reason);
}

base::Result<void> Registry::load(const Sources& sources) {
  std::error_code unknown;
  start_folder_ = std::filesystem::current_path(unknown).string();
  std::string text;
  if (!sources.file.empty()) {
    auto read = read_or_explain(sources.file);
    if (!read) return read.error();
    text = std::move(*read);
  }
  // The options start on a new line even if the file ends with a line end; the line numbers of a
  // report count this line.
  text += sources.input;
  text += '\n';
  text += sources.options;
  return Loader(*this).run(text, 0);
}

}  // namespace larder::config
