#include "script.h"

#include <cstdlib>
#include <fstream>
#include <optional>

#include "words.h"

namespace larder::transcripts {

namespace {

bool starts(std::string_view line, std::string_view with) {
  return line.substr(0, with.size()) == with;
}

std::string_view after(std::string_view line, std::size_t n) {
  line.remove_prefix(n);
  if (!line.empty() && line[0] == ' ') line.remove_prefix(1);
  return line;
}

class Parser {
 public:
  explicit Parser(Script& script) : script_(script) {}

  base::Result<void> run() {
    for (std::size_t i = 0; i < script_.lines.size(); ++i) {
      line_ = static_cast<int>(i) + 1;
      const char* wrong = take(script_.lines[i]);
      if (wrong != nullptr) {
        return base::Error{script_.path + ":" + std::to_string(line_) + ": " + wrong};
      }
    }
    return {};
  }

 private:
  // The error in the line; nullptr if there is none.
  const char* take(std::string_view line) {
    if (line.empty() || starts(line, "//")) return nullptr;
    if (line[0] == '#') return open_case(after(line, 1));
    if (line[0] == '@') return directive(line.substr(1));
    if (script_.cases.empty()) return "a command before the first case";
    if (starts(line, ">!")) return raw(after(line, 2));
    if (line[0] == '>') return command(after(line, 1));
    if (line[0] == '<') return expectation(line.substr(1));
    return "a line begins with #, @, >, < or //";
  }

  const char* open_case(std::string_view title) {
    if (title.empty()) return "a case needs a title";
    Case made = of_the_file_;
    made.title = title;
    made.line = line_;
    script_.cases.push_back(std::move(made));
    return nullptr;
  }

  Step& add(Step::What what) {
    Step step;
    step.what = what;
    step.line = step.last_line = line_;
    script_.cases.back().steps.push_back(std::move(step));
    return script_.cases.back().steps.back();
  }

  const char* command(std::string_view text) {
    auto words = split_words(text);
    if (!words || words->empty()) return "the command has unbalanced quotes or no words";
    add(Step::What::command).words = std::move(*words);
    return nullptr;
  }

  const char* raw(std::string_view text) {
    const auto words = split_words(text);
    if (!words || words->size() != 1) return ">! takes one quoted text";
    add(Step::What::raw).bytes = words->front();
    return nullptr;
  }

  const char* expectation(std::string_view rest) {
    auto& steps = script_.cases.back().steps;
    if (steps.empty() || !steps.back().reads()) return "a reply without a command";
    const bool newer = starts(rest, "3");
    if (newer) rest.remove_prefix(1);
    Expectation made;
    if (starts(rest, "~")) made.how = Expectation::How::regex;
    if (starts(rest, "*")) made.how = Expectation::How::unordered;
    if (made.how != Expectation::How::exactly) rest.remove_prefix(1);
    if (!starts(rest, " ")) return "a space must follow the marks of a reply";
    made.text = rest.substr(1);
    steps.back().last_line = line_;
    (newer ? steps.back().expected3 : steps.back().expected).push_back(std::move(made));
    return nullptr;
  }

  const char* directive(std::string_view text) {
    Case& about = script_.cases.empty() ? of_the_file_ : script_.cases.back();
    if (text == "resp3") return about.resp2 = false, nullptr;
    if (text == "resp2") return about.resp3 = false, nullptr;
    if (text == "larder") return about.larder_only = true, nullptr;
    if (text == "jemalloc") return about.jemalloc = true, nullptr;
    if (text == "7.2") return about.newer = true, nullptr;
    if (script_.cases.empty())
      return "only @resp2, @resp3, @larder, @7.2 and @jemalloc hold for a file";
    if (text == "read") return add(Step::What::read), nullptr;
    if (starts(text, "advance ")) return number(Step::What::advance, after(text, 7));
    if (starts(text, "conn ")) return number(Step::What::switch_connection, after(text, 4));
    if (starts(text, "conf ")) {
      auto words = split_words(after(text, 4));
      if (!words || words->size() != 2) return "@conf takes a name and a value";
      add(Step::What::configure).words = std::move(*words);
      return nullptr;
    }
    return "an unknown directive";
  }

  const char* number(Step::What what, std::string_view text) {
    const int value = std::atoi(std::string(text).c_str());
    if (value <= 0) return "a number above 0 is missing";
    add(what).number = value;
    return nullptr;
  }

  Script& script_;
  Case of_the_file_;
  int line_ = 0;
};

}  // namespace

base::Result<Script> read_script(const std::string& path) {
  std::ifstream file(path);
  if (!file) return base::Error{path + ": cannot be read"};
  Script script;
  script.path = path;
  std::string line;
  while (std::getline(file, line)) script.lines.push_back(line);
  const base::Result<void> parsed = Parser(script).run();
  if (!parsed) return parsed.error();
  if (script.cases.empty()) return base::Error{path + ": holds no case"};
  return script;
}

}  // namespace larder::transcripts
