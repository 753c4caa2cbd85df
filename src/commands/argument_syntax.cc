#include "larder/commands/argument_syntax.h"

#include "larder/base/assert.h"

namespace larder::commands {
namespace {

class SyntaxParser {
 public:
  explicit SyntaxParser(std::string_view text) : text_(text) {}

  std::vector<Argument> items() {
    std::vector<Argument> found;
    while (!text_.empty() && text_.front() != ')') {
      if (text_.front() == ' ') {
        text_.remove_prefix(1);
      } else {
        found.push_back(item());
      }
    }
    return found;
  }

  bool done() const { return text_.empty(); }

 private:
  std::string_view word() {
    const auto end = text_.find_first_of("#@=?*+( )");
    const std::string_view found = text_.substr(0, end);
    text_.remove_prefix(found.size());
    return found;
  }

  Argument item() {
    Argument argument;
    const std::string_view head = word();
    const auto colon = head.rfind(':');
    LARDER_ASSERT(colon != std::string_view::npos && colon > 0);
    argument.name = head.substr(0, colon);
    argument.type = head.substr(colon + 1);
    while (!text_.empty() && mark(argument)) {
    }
    return argument;
  }

  // Reads one mark after an item; false at the item's end.
  bool mark(Argument& argument) {
    const char kind = text_.front();
    if (kind == ' ' || kind == ')') return false;
    text_.remove_prefix(1);
    switch (kind) {
      case '#':
        argument.key_spec = word().front() - '0';
        break;
      case '@':
        argument.token = word();
        break;
      case '=':
        argument.shown = word();
        break;
      case '?':
        argument.optional = true;
        break;
      case '*':
        argument.multiple = true;
        break;
      case '+':
        argument.multiple_token = true;
        break;
      case '(':
        argument.parts = items();
        LARDER_ASSERT(!text_.empty());
        text_.remove_prefix(1);
        break;
      default:
        LARDER_ASSERT(false);
    }
    return true;
  }

  std::string_view text_;
};

std::string joined(const std::vector<Argument>& parts, char separator);

std::string shown(const Argument& argument) {
  std::string text(argument.token);
  std::string value;
  if (argument.type == "oneof") {
    value = joined(argument.parts, '|');
    if (!argument.optional && argument.parts.size() > 1) value = "<" + value + ">";
  } else if (argument.type == "block") {
    value = joined(argument.parts, ' ');
  } else if (argument.type != "pure-token") {
    value = argument.shown.empty() ? argument.name : argument.shown;
  }
  if (!text.empty() && !value.empty()) text += ' ';
  text += value;
  if (argument.multiple) {
    text += " [" + (argument.multiple_token ? text : value) + " ...]";
  }
  return argument.optional ? "[" + text + "]" : text;
}

std::string joined(const std::vector<Argument>& parts, char separator) {
  std::string text;
  for (const Argument& part : parts) {
    if (!text.empty()) text += separator;
    text += shown(part);
  }
  return text;
}

}  // namespace

std::vector<Argument> parse_arguments(std::string_view syntax) {
  SyntaxParser parser(syntax);
  auto items = parser.items();
  LARDER_ASSERT(parser.done());
  return items;
}

std::string usage(const std::vector<Argument>& arguments) { return joined(arguments, ' '); }

}  // namespace larder::commands
