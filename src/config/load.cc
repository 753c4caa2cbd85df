// Files, standard input and options: line by line into the directives.

#include <glob.h>

#include "larder/base/text.h"
#include "larder/config/file.h"
#include "larder/config/line.h"
#include "larder/config/registry.h"

namespace larder::config {

namespace {

constexpr int kDeepestInclude = 16;

std::vector<std::string> files_matching(const std::string& pattern) {
  if (pattern.find_first_of("*?[") == std::string::npos) return {pattern};
  std::vector<std::string> files;
  glob_t found{};
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return files;
}

base::Result<std::string> read_or_explain(const std::string& path) {
  auto text = read_file(path);
  if (text) return text;
  return base::Error{"Fatal error, can't open config file '" + path + "': " + text.error().text};
}

class Loader {
 public:
  Loader(const Registry& registry, const std::string& product)
      : registry_(registry), product_(product) {}

  base::Result<void> run(std::string_view text, int depth) {
    const std::vector<std::string> lines = trimmed_lines(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].empty() || lines[i][0] == '#') continue;
      if (auto taken = take(lines[i], depth); !taken) {
        return is_reported_ ? taken : report(i + 1, lines[i], taken.error().text);
      }
    }
    return {};
  }

 private:
  base::Result<void> take(const std::string& line, int depth) {
    auto words = split_line(line);
    if (!words) return base::Error{"Unbalanced quotes in configuration line"};
    if (words->empty()) return {};
    const std::string name = (*words)[0];
    words->erase(words->begin());
    if (base::equals_ignoring_case(name, "include")) return include(*words, depth);
    Directive* directive = registry_.find(name);
    if (directive == nullptr) return base::Error{kUnknown};
    return directive->read_line(arguments_of(*directive, std::move(*words)));
  }

  // `shutdown-on-sigterm "nosave force"` means the same as without the quotes.
  static std::vector<std::string> arguments_of(const Directive& directive,
                                               std::vector<std::string> words) {
    if (!directive.is_list() || words.size() != 1) return words;
    auto parts = split_line(words[0]);
    return parts && !parts->empty() ? std::move(*parts) : words;
  }

  base::Result<void> include(const std::vector<std::string>& words, int depth) {
    if (words.size() != 1) return base::Error{kUnknown};
    if (depth == kDeepestInclude) return base::Error{"Include files are nested too deeply"};
    for (const std::string& path : files_matching(words[0])) {
      auto text = read_or_explain(path);
      if (!text) {
        is_reported_ = true;
        return text.error();
      }
      if (auto loaded = run(*text, depth + 1); !loaded) return loaded;
    }
    return {};
  }

  base::Error report(std::size_t number, const std::string& line, const std::string& reason) {
    is_reported_ = true;
    return {"\n*** FATAL CONFIG FILE ERROR (" + product_ + ") ***\n" +
            "Reading the configuration file, at line " + std::to_string(number) + "\n>>> '" + line +
            "'\n" + reason + "\n"};
  }

  static constexpr const char* kUnknown = "Bad directive or wrong number of arguments";

  const Registry& registry_;
  const std::string& product_;
  bool is_reported_ = false;  // the error in flight is the whole report already
};

}  // namespace

base::Result<void> Registry::load(const Sources& sources) {
  std::string text;
  if (!sources.file.empty()) {
    auto read = read_or_explain(sources.file);
    if (!read) return read.error();
    text = std::move(*read);
  }
  // The options begin on a line of their own even where the file ends with a line end; the
  // line numbers of a report count that line.
  text += sources.input;
  text += '\n';
  text += sources.options;
  return Loader(*this, product_).run(text, 0);
}

}  // namespace larder::config
