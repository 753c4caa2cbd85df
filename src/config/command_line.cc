// The command line as lines of a configuration file. `--name` starts a line, to which the following
// arguments belong, up to the next argument with dashes. The first value of a name may have dashes.

#include "larder/base/text.h"
#include "larder/base/words.h"
#include "larder/config/line.h"
#include "larder/config/registry.h"

namespace larder::config {

namespace {

bool has_dashes(const std::string& argument) {
  return argument.size() >= 2 && argument[0] == '-' && argument[1] == '-';
}

// Whether `--name value` was one argument.
bool holds_value(const std::string& argument) {
  const auto words = base::split_words(argument);
  return !words || words->size() != 1;
}

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  CommandLine run() {
    std::size_t next = 0;
    if (!arguments_.empty() && !arguments_[0].empty() && arguments_[0][0] != '-') {
      result_.file = arguments_[0];
      next = 1;
    }
    for (; next < arguments_.size(); ++next) take(next);
    return std::move(result_);
  }

 private:
  void take(std::size_t at) {
    const std::string& argument = arguments_[at];
    const bool is_last = at + 1 == arguments_.size();
    if (argument == "-" && (at == 0 || is_last)) {
      result_.standard_input = true;
    } else if (!awaits_value_ && has_dashes(argument)) {
      begin_line(argument, is_last ? nullptr : &arguments_[at + 1]);
    } else {
      result_.options += base::quoted(argument) + ' ';
      awaits_value_ = false;
    }
  }

  void begin_line(const std::string& argument, const std::string* following) {
    if (!result_.options.empty()) result_.options += '\n';
    result_.options.append(argument, 2).append(" ");
    awaits_value_ = !holds_value(argument);
    if (!awaits_value_ || !base::equals_ignoring_case(argument, "--save")) return;
    if (following != nullptr && !has_dashes(*following)) return;
    result_.options += "\"\"";
    awaits_value_ = false;
  }

  const std::vector<std::string>& arguments_;
  CommandLine result_;
  bool awaits_value_ = false;
};

}  // namespace

CommandLine read_command_line(const std::vector<std::string>& arguments) {
  return Reader(arguments).run();
}

}  // namespace larder::config
